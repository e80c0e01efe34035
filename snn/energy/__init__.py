"""Exact counts of the operations of an inference, and their energy."""
