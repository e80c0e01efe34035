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

    A tree is dirty if a tracked file differs from the commit, or if `CODE` has an untracked file that git does not
    ignore. Files in results do not count, since tables may be made again.
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
    """Output of a git command; empty without git or outside of a repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
