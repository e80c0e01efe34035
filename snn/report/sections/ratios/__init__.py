"""The section `ratios` of the report."""
