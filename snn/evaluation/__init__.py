"""Networks on test data: one network under one condition becomes one row."""
