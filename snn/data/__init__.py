"""Data sets: downloaded, read, split, prepared, and shown in batches with augmentation."""
