"""Release the runs and collected tables of an experiment with DVC.

What is released is the content of one folder of DVC per experiment, in which files lie below their own paths. Equal
files of several experiments are stored once. The pointer to the folder and the index of its files are written to the
working tree only when the remote has every byte. No other file is added or touched.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError, remake, reproduce
from snn.core.git import git
from snn.pipeline import index, remote
from snn.pipeline.job import Job
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord


def release(experiment: str, to: str) -> None:
    """Push the results of an experiment to a remote, see `remote.repository`, and print what to commit.

    Raises InputError, and writes nothing, where `pushed` does.
    """
    plan = Plan(experiment)
    for path, content in pushed(plan, to).items():
        files.write(path, content)
    folders = [str(job.folder) for job in (plan.collect, plan.report)]
    ignored = git("ls-files", "--others", "--ignored", "--exclude-standard", "--", *folders)
    paths = [*map(str, (index.pointer_of(experiment), index.index_of(experiment))), *folders]
    print(f"  git add {'--force ' if ignored else ''}{' '.join(paths)}")
    print(f"  git commit -m 'Release {experiment}'")


def pushed(plan: Plan, to: str) -> dict[Path, bytes]:
    """Push the results of an experiment; returns what belongs into git: its pointer and its index.

    Raises InputError if a job is due, a file differs from its record, a result was made by code that was not committed,
    the tables were not made from these runs, contradict each other or name a commit that is not here, or a file did not
    reach the remote.
    """
    jobs, name = results(plan), plan.name
    refuse_due([*jobs, plan.collect, plan.report], reproduce(name))
    for job in jobs:
        files.verify(job.folder)
    tables = TablesOnRecord(name)
    tables.prove()
    tables.refuse_inconsistent()
    tables.refuse_unknown_commits()
    tables.refuse_dirty()
    paths = [path for job in jobs for path in contents(job)] + plan.collect.outputs
    with remote.repository(to) as scratch:
        _check_tables(plan, scratch)
        pointer, listed = scratch / index.pointer_of(name), scratch / index.index_of(name)
        for path in paths:
            copy = pointer.with_suffix("") / path
            files.make_folder(copy.parent)
            shutil.copyfile(path, copy)
        index.write(listed, map(index.describe, paths))
        remote.dvc("add", str(pointer.with_suffix("").relative_to(scratch)), cwd=scratch)
        remote.push(scratch, to)
        print(f"{name}: {len(paths)} files of {len(jobs)} jobs are in {to or remote.configured()}")
        return {path.relative_to(scratch): path.read_bytes() for path in (pointer, listed)}


def results(plan: Plan) -> list[Job]:
    """The jobs whose files are in no commit: all except tables and report."""
    tried = dict.fromkeys(run for tuning in plan.tunings for run in tuning.trained)
    starts = dict.fromkeys(run.start for run in plan.runs if run.start)
    return [plan.data, *tried, *plan.tunings, *starts, *plan.runs, *plan.calibrations, *plan.evaluations]


def contents(job: Job) -> list[Path]:
    """The files of a finished job, from its record of sums; raises InputError if that cannot be read."""
    record = job.folder / "sha256.json"
    recorded = files.read_json(record, remake(job.folder))
    return [record, *(job.folder / name for name in sorted(recorded))]


def refuse_due(jobs: Iterable[Job], remedy: str) -> None:
    """Raise InputError naming the first of the jobs that are due, and how many there are."""
    if due := [job for job in jobs if not job.proof.exists()]:
        raise InputError(due[0].folder, f"is due{remote.more(due)}", remedy)


def _check_tables(plan: Plan, scratch: Path) -> None:
    """Make tables and report again in a temporary folder; raises InputError naming a file that differs from them."""
    plan.collect.write(scratch / "collect")
    plan.report.write(scratch / "report")
    for job in (plan.collect, plan.report):
        for name in job.results:
            if files.sha256(scratch / job.stage / name) != files.sha256(job.folder / name):
                raise InputError(job.folder / name, "is not what these runs make of it", remake(job.folder))
