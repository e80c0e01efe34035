"""The section `comparisons` of the report."""
