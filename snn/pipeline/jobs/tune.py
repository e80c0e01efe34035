"""Tuning: the learning rate of a method, chosen on validation data of tuning seeds. No torch until it is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.pipeline.job import Job

if TYPE_CHECKING:
    from snn.pipeline.jobs.train import Train

results, tuning = lazy("snn.pipeline.results"), lazy("snn.training.tuning")


@dataclass(frozen=True, eq=False)
class Tune(Job):
    """The choice among runs of one method, with every learning rate under every tuning seed. None is evaluated."""

    stage = "tune"
    results = ("tuning.csv",)
    runs: tuple[Train, ...]

    @property
    def parents(self) -> dict[str, Job]:
        return {f"lr {run.method.training.lr:g} seed {run.seed}": run for run in self.runs}

    @property
    def inputs(self) -> list[Path]:
        return [path for run in self.runs for path in (run.proof, run.file("epochs.csv"))]

    @property
    def document(self) -> dict[str, Any]:
        return {"learning_rates": list(dict.fromkeys(run.method.training.lr for run in self.runs))}

    @property
    def place(self) -> str:
        return f"{Path(self.runs[0].place).parent}/tuning-*"

    @property
    def trained(self) -> list[Train]:
        """Its runs, each behind the teacher that it learned from."""
        return list(dict.fromkeys(job for run in self.runs for job in (run.teacher, run) if job))

    @property
    def lr(self) -> float:
        """The learning rate that it chose; raises InputError if it has not, or its file is damaged."""
        return tuning.chosen(self.proof)

    def make(self, out: Path, observer: Observer) -> None:
        tried = [
            tuning.Tried(run.method.training.lr, run.seed, run.file("epochs.csv"), run.epochs) for run in self.runs
        ]
        task = self.runs[0].data.dataset.task
        results.finish(self, out, lambda: tuning.run(tried, task, out), "cpu")
