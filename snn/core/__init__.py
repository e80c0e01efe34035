"""The base of all packages: errors, atomic files, strict models, late imports, seeds."""
