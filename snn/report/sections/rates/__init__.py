"""The section `rates` of the report."""
