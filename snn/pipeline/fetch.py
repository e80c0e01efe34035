"""Fetch the released results of an experiment, and prove that the committed tables belong to them.

A file is put into place only if it has the sha256 of the index, as a whole, and where none is. Tables are then made
again: if they equal the committed ones, these belong to the fetched runs.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError, reproduce
from snn.core.git import git
from snn.pipeline import index, remote
from snn.pipeline.index import Released
from snn.pipeline.job import Job
from snn.pipeline.plan import Plan
from snn.pipeline.release import refuse_due, results

OTHERWISE = "name another remote, or have it released again"


def fetch(experiment: str, source: str) -> None:
    """Fetch the released results of an experiment from a remote, see `remote.repository`, and check its tables.

    Raises InputError if the experiment was never released, a job would still be due, a file differs from the index,
    here or in the remote, or tables made from these results differ from the committed ones.
    """
    plan = Plan(experiment)
    jobs, compute = results(plan), reproduce(experiment)
    listed, pointer = index.index_of(experiment), index.pointer_of(experiment)
    for path in (listed, pointer):
        if not git("ls-files", "--", str(path)):
            raise InputError(path, f"is not in git: experiment {experiment} was never released", compute)
    kept = [str(path) for path in (plan.collect.folder, plan.report.folder, listed, pointer)]
    if changed := git("status", "--porcelain", "--", *kept):
        where = changed.splitlines()[0].split()[-1]
        raise InputError(where, "differs from the commit", "commit or restore it, then fetch")
    released = index.read(listed)
    at_release = f"{compute}, or go to the commit of its release"
    refuse_due([job for job in jobs if job.proof not in released], at_release)
    folders = {job.folder for job in (*jobs, plan.collect)}
    wanted = {path: row for path, row in released.items() if path.parent in folders}
    _refuse_others(jobs, wanted)
    if missing := [row for path, row in wanted.items() if not path.exists()]:
        print(f"{len(missing)} files of {sum(row.size for row in missing) / 1e6:,.1f} MB are not here yet")
        _place(missing, pointer, source)
    for job in jobs:
        files.verify(job.folder)
    refuse_due(jobs, compute)
    _make_tables(experiment)
    if changed := git("status", "--porcelain", "--", *kept):
        what = f"is not what these runs make of it{remote.more(changed.splitlines())}"
        raise InputError(changed.split()[1], what, f"see git diff {plan.collect.folder}")
    _refuse_others([], wanted)
    print(f"{len(wanted)} released files are here, and the committed tables belong to them: {plan.collect.folder}")


def _refuse_others(jobs: Sequence[Job], released: Mapping[Path, Released]) -> None:
    """Raise InputError naming a file that is here and is not the released one, or that belongs to a run made here."""
    for path, row in released.items():
        if path.exists() and files.sha256(path) != row.sha256:
            if path.parent in {job.folder for job in jobs}:
                files.verify(path.parent)  # names the file if it was damaged
                what = "was made here and would be overwritten, so nothing was fetched"
                worktree = f"git worktree add ../{Path().absolute().name}-fetched HEAD, and fetch there"
                raise InputError(path.parent, what, worktree)
            raise InputError(path, "is not the file that was released", "go to the commit of its release")


def _place(missing: Sequence[Released], pointer: Path, source: str) -> None:
    """Bring files from the remote to their places; raises InputError naming one that is damaged or absent there."""
    with remote.repository(source) as scratch:
        files.write(scratch / pointer, pointer.read_bytes())
        cached = remote.cached(scratch, [row.md5 for row in missing])
        failure = None
        try:
            remote.pull(scratch)
        except InputError as error:
            failure = error
        if lost := [row.path for row in missing if not cached[row.md5].exists()]:
            what = f"is missing or damaged in the remote{remote.more(lost)}{f': {failure.what}' if failure else ''}"
            raise InputError(lost[0], what, OTHERWISE) from failure
        for row in missing:
            files.write(row.path, partial(_copy, cached[row.md5], row))


def _copy(source: Path, row: Released, target: Path) -> None:
    """Copy a file from the cache; raises InputError if it is not the released one."""
    shutil.copyfile(source, target)
    if files.sha256(target) != row.sha256:
        raise InputError(row.path, f"came with another sha256 than {row.sha256}, so it is not put here", OTHERWISE)


def _make_tables(experiment: str) -> None:
    """Make tables and report again from the runs in this checkout."""
    workflow = ["snakemake", "-c1", "--quiet", "rules", "--forcerun", "collect", "--config", f"experiment={experiment}"]
    if subprocess.run([sys.executable, "-m", *workflow]).returncode:
        raise InputError(f"results/tables/{experiment}", "could not be made", "see the message above")
