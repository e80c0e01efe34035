"""Copies of the project in which quantities run its commands, and the processor time of all that a command starts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from snn.core.errors import InputError
from snn.core.paths import ROOT

PARTS = ("Snakefile", "snn", "params", "workflow", "profiles")
MEASURED = """
import ctypes, os, resource, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h: whoever outlives the command becomes a child of this process
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
sys.exit(done.returncode)
"""


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
    return float(output([sys.executable, "-c", MEASURED, *command], tree))


def output(command: Sequence[str], tree: Path) -> str:
    """What a command prints. Raises InputError if it fails."""
    environment = os.environ | {"PYTHONPATH": f"{tree}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(" ".join(command), f"it failed: {done.stderr.strip()[-300:]}", "run it alone")
    return done.stdout
