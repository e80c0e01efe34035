"""Copies of the project in which quantities run its commands, and the processor time of all that a command starts."""

import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from snn.core.errors import InputError
from snn.core.paths import ROOT

PARTS = ("Snakefile", "snn", "params", "workflow", "profiles")
PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h


def copy(tree: Path) -> Path:
    """Put the project into a new folder, without results."""
    tree.mkdir(parents=True)
    for name in PARTS:
        put = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        put(ROOT / name, tree / name)
    return tree


def seconds(command: Sequence[str], tree: Path = ROOT) -> float:
    """CPU-seconds of a command and of all processes that it starts, also of those that outlive it.

    Raises InputError if the command fails.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # whoever outlives the command becomes a child of this process
    before = _children()
    output(command, tree)
    with contextlib.suppress(ChildProcessError):  # there are no more
        while True:
            os.wait()
    return _children() - before


def output(command: Sequence[str], tree: Path) -> str:
    """What a command prints. Raises InputError if it fails."""
    environment = os.environ | {"PYTHONPATH": f"{tree}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(" ".join(command), f"it failed: {done.stderr.strip()[-300:]}", "run it alone")
    return done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
