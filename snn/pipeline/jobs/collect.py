"""Rows of all runs, and tunings -> collected tables. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn.core.lazy import lazy
from snn.pipeline.job import Job
from snn.pipeline.stamped import StampedJob

if TYPE_CHECKING:
    from snn.pipeline.jobs.evaluate import Evaluate
    from snn.pipeline.jobs.tune import Tune
    from snn.report import collect

collect = lazy("snn.report.collect")


@dataclass(frozen=True, eq=False)
class Collect(StampedJob):
    """The collected tables of an experiment."""

    stage = "collect"
    results = (
        "runs.csv.bz2",
        "layers.csv",
        "epochs.csv",
        "traces.csv",
        "tuning.csv",
        "calibration.csv",
        "costs.csv",
        "outcomes.safetensors",
    )
    experiment: str
    evaluations: tuple[Evaluate, ...]
    tunings: tuple[Tune, ...]

    @property
    def parents(self) -> dict[str, Job]:
        return {str(job.folder): job for job in (*self.evaluations, *self.tunings)}

    @property
    def document(self) -> dict[str, Any]:
        return {}

    @property
    def place(self) -> str:
        return f"results/tables/{self.experiment}"

    @property
    def evaluated(self) -> tuple[collect.Evaluated, ...]:
        """What to collect: every run, with the folders of its results."""
        return tuple(
            collect.Evaluated(
                run=evaluation.run.folder,
                rows=evaluation.folder,
                chips={calibration.hardware.noise: calibration.folder for calibration in evaluation.calibrations},
                start=evaluation.run.start.folder if evaluation.run.start else None,
            )
            for evaluation in self.evaluations
        )

    @property
    def tuned(self) -> tuple[collect.Tuned, ...]:
        """Where learning rates were chosen."""
        return tuple(
            collect.Tuned(job.runs[0].method_name, job.folder, [run.folder for run in job.trained])
            for job in self.tunings
        )

    def write(self, out: Path) -> None:
        """Write the tables into a folder; raises InputError naming a file that was altered."""
        collect.collect(self.evaluated, self.tuned, out)
