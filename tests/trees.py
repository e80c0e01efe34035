"""Copies of the project in which tests run its commands, each in a process of its own."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def copied(tree: Path, to: Path) -> Iterator[Path]:
    """A copy of a tree whose code and parameters are hard links, to be changed by `write` and `edit` alone.

    Copying their 800 files took longer than most of what is tested.
    """
    shutil.copytree(tree, to, symlinks=True, ignore=lambda folder, _: PARTS if Path(folder) == tree else ())
    for name in PARTS:
        if (tree / name).is_dir():
            shutil.copytree(tree / name, to / name, copy_function=os.link)
        else:
            os.link(tree / name, to / name)
    shared = [path for name in PARTS for path in (tree / name, *(tree / name).rglob("*")) if path.is_file()]
    before = [path.stat().st_mtime_ns for path in shared]
    yield to
    written = [path for path, time in zip(shared, before, strict=True) if path.stat().st_mtime_ns != time]
    assert not written, f"written through a link: {written}"


def write(path: Path, text: str) -> None:
    """Write a new file in place of one that copies of a tree may share."""
    path.unlink(missing_ok=True)
    path.write_text(text)


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first `old` in a file."""
    text = path.read_text()
    assert old in text, f"{path} does not hold {old!r}"
    write(path, text.replace(old, new, 1))


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
