"""The section `convergence` of the report."""
