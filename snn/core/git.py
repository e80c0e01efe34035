"""Ask git about this working tree."""

import subprocess

from snn.core.errors import InputError


def git(*arguments: str) -> str:
    """The output of a git command; raises InputError with its error message."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"git {arguments[0]}", done.stderr or "failed", "run this in a git clone of the project")
    return done.stdout
