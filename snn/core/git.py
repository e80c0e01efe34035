"""Ask git about this working tree."""

import os
import subprocess
from pathlib import Path

from snn.core.errors import InputError


def git(*arguments: str, index: Path | None = None) -> str:
    """The output of a git command; raises InputError with its error message. `index`: a file in place of git's own."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)} if index else None
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise InputError(f"git {arguments[0]}", done.stderr or "failed", "run this in a git clone of the project")
    return done.stdout
