"""Rows of all runs -> collected tables. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn.core.lazy import lazy
from snn.pipeline.job import Job
from snn.pipeline.stamped import StampedJob

if TYPE_CHECKING:
    from snn.pipeline.jobs.evaluate import Evaluate
    from snn.report import collect

collect = lazy("snn.report.collect")


@dataclass(frozen=True, eq=False)
class Collect(StampedJob):
    """The collected tables of an experiment."""

    stage = "collect"
    results = (
        "runs.csv",
        "layers.csv",
        "epochs.csv",
        "traces.csv",
        "calibration.csv",
        "costs.csv",
        "outcomes.safetensors",
    )
    experiment: str
    learning_rates: tuple[float, ...]
    evaluations: tuple[Evaluate, ...]

    @property
    def parents(self) -> dict[str, Job]:
        return {str(evaluation.folder): evaluation for evaluation in self.evaluations}

    @property
    def document(self) -> dict[str, Any]:
        return {"learning_rates": list(self.learning_rates)}

    @property
    def place(self) -> str:
        return f"results/tables/{self.experiment}"

    @property
    def evaluated(self) -> tuple[collect.Evaluated, ...]:
        """What to collect: every run, with the folders of its results."""
        return tuple(
            collect.Evaluated(
                dataset=run.data.name,
                network=run.network_name,
                method=run.method_name,
                steps=run.steps,
                lr=run.method.training.lr,
                seed=run.seed,
                digest=run.digest,
                run=run.folder,
                rows=evaluation.folder,
                chips={calibration.hardware.noise: calibration.folder for calibration in evaluation.calibrations},
            )
            for evaluation in self.evaluations
            for run in (evaluation.run,)
        )

    def write(self, out: Path) -> None:
        """Write the tables into a folder; raises InputError naming a file that was altered."""
        collect.collect(self.evaluated, self.learning_rates, out)
