"""Tells what a command is doing, where somebody watches: a line per step on a terminal. No torch."""

import sys


def doing(what: str) -> None:
    """Print a step as it starts, on standard error; nothing where that is no terminal."""
    if sys.stderr.isatty():
        print(f"{what} ...", file=sys.stderr, flush=True)
