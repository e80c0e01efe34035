"""The section `published` of the report."""
