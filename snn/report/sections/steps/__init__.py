"""The section `steps` of the report."""
