"""Rows of runs -> tables, statistics, pages and figures. No torch."""
