"""Exports: the results of an experiment as files that other tools expect, made from the tables on record. No torch.

Formats are in `snn/exports/formats`, one per file. Equal tables give equal bytes: nothing tells when an export was
made.
"""
