"""Evaluation: one run under every condition -> rows. The only stage that reads test data. No torch until it is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.pipeline.job import Job

if TYPE_CHECKING:
    from snn.pipeline.jobs.calibrate import Calibrate
    from snn.pipeline.jobs.train import Train

device, results = lazy("snn.core.device"), lazy("snn.pipeline.results")
conditions, evaluate = lazy("snn.evaluation.conditions"), lazy("snn.evaluation.evaluate")


@dataclass(frozen=True, eq=False)
class Evaluate(Job):
    """One run, with its calibrations."""

    stage = "evaluate"
    results = ("layers.csv", "outcomes.safetensors", "rows.csv")
    run: Train
    calibrations: tuple[Calibrate, ...]
    steps_eval: tuple[int, ...]

    @property
    def parents(self) -> dict[str, Job]:
        chips = {f"chips {calibration.hardware.noise}": calibration for calibration in self.calibrations}
        return {"run": self.run, "data": self.run.data, **chips}

    @property
    def inputs(self) -> list[Path]:
        return [*super().inputs, self.run.data.test_file, *(c.file("history.csv") for c in self.calibrations)]

    @property
    def modules(self) -> tuple[str, ...]:
        return (*super().modules, *sorted({module for c in self.calibrations for module in c.noise_modules}))

    @property
    def document(self) -> dict[str, Any]:
        conditions = ["clean", "int8", *(calibration.hardware.noise for calibration in self.calibrations)]
        return {"conditions": conditions, "steps_eval": list(self.steps_eval)}

    @property
    def place(self) -> str:
        return f"{self.run.place}/rows/*"

    @property
    def folder(self) -> Path:
        return self.run.folder / "rows" / self.digest

    def make(self, out: Path, observer: Observer) -> None:
        run = self.run
        place = device.choose(run.device, run.threads)
        subject = evaluate.Subject(
            dataset=run.data.name,
            network=run.network_name,
            method=run.method_name,
            rule=run.method.rule,
            steps=run.steps,
            seed=run.seed,
            epochs=run.epochs,
            threads=run.threads,
            digest=run.digest,
            net=run.proof,
            training_data=run.data.training_file,
            test_data=run.data.test_file,
        )
        chips = [conditions.Calibrated(c.design, c.proof, c.file("history.csv")) for c in self.calibrations]
        steps = self.steps_eval
        results.finish(self, out, lambda: evaluate.run(subject, chips, steps, place, out, observer), place)
