"""Copies of the project in which tests run its commands, each in a process of its own."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from snn.core.paths import ROOT
from tests import forks

PARTS = ("Snakefile", "snn", "params", "workflow", "profiles")
COMPUTE = """
import sys
from snn.pipeline import execute, plan
experiment, *left_out = sys.argv[1:]
for job in plan.Plan(experiment).jobs.values():
    if not job.proof.exists() and not {job.stage, *job.folder.parts} & set(left_out):
        execute.execute(job.stage, experiment, job.folder)
"""


def plant(tree: Path) -> Path:
    """Put the project into a new folder, without results and tests."""
    tree.mkdir(parents=True)
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tree / name)
    return tree


def run(
    tree: Path, *command: object, status: int | None = 0, environment: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """A finished command of Python in a tree; any exit status but the expected one, if given, fails the test."""
    done = forks.run(tree, list(map(str, command)), environment)
    assert status is None or done.returncode == status, (done.stdout + done.stderr)[-3000:]
    return done


def compute(tree: Path, experiment: str, *left_out: str, environment: Mapping[str, str] | None = None) -> None:
    """Do the jobs of an experiment that are due in one process, but for those of the stages and methods left out.

    For tests of what comes afterwards: that the workflow does the same is tested once.
    """
    run(tree, "-c", COMPUTE, experiment, *left_out, environment=environment)
