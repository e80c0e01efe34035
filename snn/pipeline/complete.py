"""A run of the workflow ends with exit status 0 only if all its targets exist. No torch."""

from pathlib import Path
from typing import Any

from snn.core.errors import InputError
from snn.pipeline.plan import Plan


def required(plan: Plan, settings: Any) -> list[Path]:
    """The files that must exist after a run; `settings` are Snakemake's `DAGSettings`.

    Without named targets, these are the targets of `rule all`. There are none for a run that is told to stop early, or
    for a job that Snakemake starts in a process of its own.
    """
    if settings.target_jobs or settings.until or settings.omit_from or settings.batch or settings.allowed_rules:
        return []
    rules = {"all": plan.targets, **{job.stage: job.outputs for job in (plan.collect, plan.report, plan.page)}}
    return [path for name in sorted(settings.targets) or ["all"] for path in rules.get(name, [Path(name)])]


def complete_or_exit(plan: Plan, workflow: Any) -> None:
    """End a run that Snakemake calls a success with one line and exit status 1 if a target is missing.

    With a forced job, Snakemake leaves out the jobs after it whose inputs are all `ancient()`. The error is a
    SystemExit because Snakemake then removes its locks, and prints no traceback.
    """
    if workflow.touch:
        return
    missing = [path for path in required(plan, workflow.dag_settings) if not path.exists()]
    if missing:
        what = f"is missing after the run, the first of {len(missing)} missing targets"
        error = InputError(missing[0], what, "start the workflow again without an option that forces jobs")
        raise SystemExit(f"error: {error}")
