"""What git says of this working tree."""

import subprocess

from snn.core.errors import InputError


def git(*arguments: str) -> str:
    """Output of a git command here; raises InputError with what it said."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"git {arguments[0]}", done.stderr or "failed", "run this in a git clone of the project")
    return done.stdout
