"""What a run of the workflow has to leave behind before it may end with exit status 0. No torch."""

from pathlib import Path
from typing import Any

from snn.core.errors import InputError
from snn.pipeline.plan import Plan


def demanded(plan: Plan, settings: Any) -> list[Path]:
    """The files that a run has to leave behind; `settings` are Snakemake's `DAGSettings`.

    Without a named target they are those of `rule all`. Nothing is demanded of a run that is told to stop early, nor of
    a job that Snakemake starts as a process of its own.
    """
    if settings.target_jobs or settings.until or settings.omit_from or settings.batch or settings.allowed_rules:
        return []
    rules = {"all": plan.targets, "collect": plan.collect.outputs, "report": plan.report.outputs}
    return [path for name in sorted(settings.targets) or ["all"] for path in rules.get(name, [Path(name)])]


def complete_or_exit(plan: Plan, workflow: Any) -> None:
    """After a run that Snakemake calls a success: end it in one line, with exit status 1, unless it made every target.

    Snakemake does not look at jobs behind one that is forced when all their inputs are `ancient()`. SystemExit passes
    through Snakemake, which removes its locks on the way; another exception would be shown as a page of its own.
    """
    if workflow.touch:
        return
    missing = [path for path in demanded(plan, workflow.dag_settings) if not path.exists()]
    if missing:
        what = f"is missing after the run, the first of {len(missing)} such targets"
        error = InputError(missing[0], what, "start the workflow again without an option that forces jobs")
        raise SystemExit(f"error: {error}")
