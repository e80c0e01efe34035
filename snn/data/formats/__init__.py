"""Readers of file formats: archives, idx, pictures, events. Each raises InputError naming a damaged file."""
