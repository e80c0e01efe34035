"""The section `energy` of the report."""
