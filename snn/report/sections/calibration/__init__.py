"""The section `calibration` of the report."""
