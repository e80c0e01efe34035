"""The section `hardware` of the report."""
