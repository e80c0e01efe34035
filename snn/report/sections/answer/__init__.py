"""The section `answer` of the report."""
