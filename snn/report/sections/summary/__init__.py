"""The section `summary` of the report."""
