"""The code, libraries and machine that make a result. No torch."""

import os
import platform
import subprocess
from importlib import metadata

from snn.core.paths import ROOT

CODE = ("snn", "params", "workflow", "Snakefile")  # here even an untracked file can change a number
LIBRARIES = ("torch", "numpy", "safetensors", "scikit-learn", "pillow", "pandas", "scipy", "pydantic", "snakemake")


def current() -> dict[str, object]:
    """Commit, whether the working tree is dirty, versions and machine. None of it enters a digest.

    A tree is dirty if a tracked file differs from the commit, or if `CODE` has an untracked file besides byte-code, be
    it ignored. Files in results do not count, since tables may be made again. If git cannot tell, a tree is dirty.
    """
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top,exclude)results")
    added = _git("ls-files", "--others", "--exclude=__pycache__/", "--", *CODE)
    return {
        "commit": commit or "unknown",
        "dirty": not commit or changed != "" or added != "",
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def _git(*arguments: str) -> str | None:
    """Output of a git command; None without git or outside of a repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
