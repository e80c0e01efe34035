"""Damaged results are set aside and asked for again: the workflow makes them; nothing is deleted. No torch.

A result that is asked for again has a folder AGAIN in its own, which keeps its damaged files: see `Plan.targets`.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from snn.core import files
from snn.core.errors import InputError
from snn.core.locks import locked
from snn.pipeline.job import Job
from snn.pipeline.plan import AGAIN, Plan


def ancestors(job: Job) -> Iterator[Job]:
    """Every job whose result a job depends on, once."""
    seen: set[Job] = set()
    open_ = list(job.parents.values())
    while open_:
        if (parent := open_.pop()) not in seen:
            seen.add(parent)
            yield parent
            open_ += parent.parents.values()


def set_aside(jobs: Iterable[Job]) -> list[Path]:
    """Move the files of every finished result that is not what its record says; returns their folders.

    Results named by an experiment are left alone: see `unproven`. So are one that another process is making and one
    that cannot be read or moved by this user.
    """
    found = []
    for job in jobs:
        with contextlib.suppress(OSError, InputError):
            if job.folder / "sha256.json" in job.outputs and job.proof.exists() and _is_damaged(job):
                with locked(lock_of(job), wait=False):
                    _move(job)
                found.append(job.folder)
    return found


def ask_for_lost(jobs: Iterable[Job]) -> list[Path]:
    """Ask for results that are gone, though those that were made from them are here; returns their folders.

    So are chips when a head was killed in their calibration, and rows of before remain. Prepared data may have been
    removed, but not a part of them.
    """
    here = [job for job in jobs if job.folder / "sha256.json" in job.outputs and job.proof.exists()]
    lost = dict.fromkeys(parent for job in here for parent in job.parents.values() if not parent.proof.exists())
    found = [job.folder for job in lost if job.stage != "prepare" or any(path.exists() for path in job.outputs)]
    for folder in found:
        with contextlib.suppress(OSError):
            (folder / AGAIN).mkdir(parents=True, exist_ok=True)
    return found


def unproven(plan: Plan) -> list[Job]:
    """Tables, report and page that have a stamp which does not prove them: they have to be made again."""
    return [job for job in (plan.collect, plan.report, plan.page) if job.proof.exists() and not _is_proven(job)]


def withdraw(plan: Plan, workflow: Any) -> None:
    """Remove every stamp that does not prove its files, so that a run of the workflow makes them again; tells so."""
    if not workflow.is_main_process or workflow.output_settings.dryrun:
        return
    for job in unproven(plan):
        with contextlib.suppress(OSError):
            job.proof.unlink()
            made = f"{job.folder}: what stage {job.stage} made was altered or is incomplete"
            print(f"{made}, and is made again", file=sys.stderr, flush=True)


def lock_of(job: Job) -> Path:
    """The file that is locked while a job runs."""
    return job.folder / f".{job.stage}.lock"


def explained(error: InputError, folders: Iterable[Path], again: str) -> InputError:
    """An error about damaged results, which tells that those of these folders were set aside."""
    moved = " ".join(f"{folder} to {folder / AGAIN}" for folder in folders)
    return InputError(error.where, error.what, f"moved the files of {moved}; {again} to make them again")


def _is_damaged(job: Job) -> bool:
    """Whether a file is missing or differs from the record, or the record cannot be read. More files do not matter."""
    for name in files.kept_in(job.folder):
        (job.folder / name).open("rb").close()  # raises OSError for one that may not be read
    try:
        recorded = files.read_json(job.folder / "sha256.json", "")
    except InputError:
        return True
    names = {path.name for path in job.outputs} - {"sha256.json"}
    kept = files.kept_in(job.folder)
    return any(name not in kept or files.sha256(job.folder / name) != recorded.get(name) for name in names)


def _move(job: Job) -> None:
    """Move the files of a result, first the one that proves it."""
    again = job.folder / AGAIN
    again.mkdir(exist_ok=True)
    others = files.kept_in(job.folder) - {job.proof.name, *files.PROGRESS}
    for name in (job.proof.name, *sorted(others)):
        (job.folder / name).replace(again / name)


def _is_proven(job: Job) -> bool:
    try:
        files.verify_stamp(job.proof, (path.name for path in job.outputs if path != job.proof), "")
    except InputError:
        return False
    return True
