"""The code, libraries and machine that make a result. No torch."""

import os
import platform
import subprocess
from importlib import machinery, metadata

from snn.core.paths import ROOT

CODE = ("snn", "params", "workflow", "Snakefile", "requirements.lock")
LIBRARIES = ("torch", "numpy", "safetensors", "scikit-learn", "pillow", "pandas", "scipy", "pydantic", "snakemake")


def current() -> dict[str, object]:
    """Commit, whether the code differs from it, versions and machine. None of it enters a digest."""
    return {
        **code(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def code() -> dict[str, object]:
    """The commit, and whether the code here is dirty, which is to say another than the commit's.

    Code is what lies in `CODE`, and whatever in the root Python would import. It is dirty if a tracked file of it
    differs or is marked so that git does not look, or if there is an untracked one besides byte-code, be it ignored.
    If git cannot tell, it is dirty. It is not asked which job reads which file: an untracked experiment counts for all.
    """
    commit = _git("rev-parse", "HEAD")
    importable = [f":(literal){name}" for name in _importable()]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *CODE, *importable)
    added = _git("ls-files", "--others", "--exclude=__pycache__/", "--", *CODE, *importable)
    marked = _git("ls-files", "-v", "--", *CODE, *importable)
    unseen = marked is None or any(not line.startswith("H ") for line in marked.splitlines())
    return {"commit": commit or "unknown", "dirty": not commit or changed != "" or added != "" or unseen}


def _importable() -> list[str]:
    """Modules in the root, and what makes packages of folders there: they come before libraries of the same name."""
    endings = tuple(machinery.all_suffixes())
    packages = (path for path in ROOT.glob("*/__init__.*") if path.name.endswith(endings))
    modules = (path for path in ROOT.iterdir() if path.name.endswith(endings))
    return sorted(path.relative_to(ROOT).as_posix() for path in (*modules, *packages))


def _git(*arguments: str) -> str | None:
    """Output of a git command; None without git or outside of a repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
