"""Which jobs of an experiment are due, from its plan and from which files exist. No torch."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from snn.pipeline import damage
from snn.pipeline.job import Job
from snn.pipeline.plan import Plan

REMADE = {"collect", "report", "page"}  # their inputs are not ancient() in workflow/rules: they follow due parents


def due_jobs(plan: Plan) -> list[Job]:
    """The jobs that the workflow would run, behind their parents; downloads are none of them.

    A job is due if one of these holds:

        a target of the workflow is missing, and the job makes it: rows, tables, report
        it made tables, report or page, and their stamp does not prove them: the workflow removes the stamp
        a job that is due reads one of its files, and that file is missing
        it reads a file of a job that is due; tables and report in any case, other jobs if that file is missing
        it is the download of a raw file that is missing, and the preparation is due

    So counts Snakemake, with one exception: it also makes tables and report again if a file that they read is newer
    and has another checksum than it recorded. Their stamps name what they were made from, so times are ignored here.
    """
    due = set(_due(plan))
    return [job for job in plan.jobs.values() if job in due]


def counts(plan: Plan, due: Sequence[Job]) -> dict[str, int]:
    """How many jobs of every stage are due, in the order of stages; downloads are files."""
    downloads = [path for path in plan.data.inputs if not path.exists()] if plan.data in due else []
    stages = {"download": len(downloads), **Counter(job.stage for job in due)}
    return {stage: number for stage, number in stages.items() if number}


def _due(plan: Plan) -> Iterator[Job]:
    maker = {path: job for job in plan.jobs.values() for path in job.outputs}
    readers: defaultdict[Job, list[tuple[Job, Path]]] = defaultdict(list)
    for job in plan.jobs.values():
        for path in job.inputs:
            if path in maker:
                readers[maker[path]].append((job, path))
    seen: set[Job] = set()
    open_ = [*(maker[path] for path in plan.targets if not path.exists()), *damage.unproven(plan)]
    while open_:
        job = open_.pop()
        if job not in seen:
            seen.add(job)
            yield job
            open_ += [maker[path] for path in job.inputs if path in maker and not path.exists()]
            open_ += [reader for reader, path in readers[job] if reader.stage in REMADE or not path.exists()]
