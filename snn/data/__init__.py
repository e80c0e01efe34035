"""Data sets: download, read, split and prepare them; batches and augmentation."""
