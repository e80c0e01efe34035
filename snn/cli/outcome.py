"""A job in a few words, and what came of it, for a line on a terminal. No torch."""

import csv
from contextlib import suppress
from pathlib import Path

from snn.pipeline.job import Job
from snn.pipeline.jobs.calibrate import Calibrate
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.jobs.train import Train
from snn.pipeline.jobs.tune import Tune


def label(job: Job) -> str:
    """What a job is called: its stage, and the method, seed, rate or noise that it is about."""
    if isinstance(job, Prepare):
        return f"prepare {job.name}"
    if isinstance(job, Tune):
        return f"tune {job.runs[0].method_name}"
    if isinstance(job, Calibrate):
        return f"calibrate {_run(job.run)} {job.hardware.noise}"
    if isinstance(job, Evaluate):
        return f"test {_run(job.run)}"
    return f"train {_run(job)}" if isinstance(job, Train) else job.stage


def result(job: Job) -> str:
    """What a finished job found, on the split of data that its line names; empty for one that finds no number."""
    with suppress(OSError, ValueError, KeyError, csv.Error):  # a later job or the summary refuses it by name
        if isinstance(job, Train):
            values = [float(row["value_val"]) for row in _rows(job.file("epochs.csv"))]
            error = job.data.dataset.task == "reconstruction"
            return _shown(error, (min if error else max)(values)) if values else ""
        if isinstance(job, Evaluate):
            rows = [row for row in _rows(job.file("rows.csv")) if row["condition"] == "clean"]
            return next(_shown(row["metric"] == "mse", float(row["value_test"])) for row in rows if _own_steps(row))
        if isinstance(job, Tune):
            return f"lr {job.lr:g}"
    return ""


def _run(run: Train) -> str:
    return f"{run.method_name} s{run.seed}"


def _own_steps(row: dict[str, str]) -> bool:
    return row["steps_eval"] == row["steps"]


def _shown(error: bool, value: float) -> str:
    """A value of a run folder, where accuracy is a fraction."""
    return f"mse {value:.4f}" if error else f"{100 * value:.1f} %"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
