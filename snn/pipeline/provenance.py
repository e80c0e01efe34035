"""Who made a result, where and with what. No torch."""

import os
import platform
import subprocess
from importlib import metadata

from snn.core.paths import ROOT

CODE = ("snn", "params", "workflow", "Snakefile")  # where a file counts before git knows it: it can change a number
LIBRARIES = ("torch", "numpy", "safetensors", "scikit-learn", "pillow", "pandas", "scipy", "pydantic", "snakemake")


def stamp() -> dict[str, object]:
    """Who made a result: commit, whether the tree was dirty, versions, machine. None of it enters a digest.

    A tree is dirty when it holds code, parameters or anything else that the commit does not hold as it is. Results do
    not count, such as tables that were made again; nor do untracked files outside of `CODE`, or files that git ignores.
    """
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top,exclude)results")
    added = _git("ls-files", "--others", "--exclude-standard", "--", *CODE)
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(changed or added),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def _git(*arguments: str) -> str:
    """Output of a git command here, or nothing where there is no git or no repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
