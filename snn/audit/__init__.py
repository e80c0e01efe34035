"""Audit of any network: operations, energy, accuracy on noisy chips; tables, figures and a page."""
