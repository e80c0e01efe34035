"""The section `claims` of the report."""
