"""Calibration: all levels and chips of one noise model, for one run. No torch until a chip is calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn import config
from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.hardware import calibrators
from snn.hardware.trials import Design, Treatment
from snn.pipeline.job import Job

if TYPE_CHECKING:
    from snn.pipeline.jobs.train import Train

device, results = lazy("snn.core.device"), lazy("snn.pipeline.results")
calibrate = lazy("snn.hardware.calibrate")


@dataclass(frozen=True, eq=False)
class Calibrate(Job):
    """The chips of one noise model for one run, with every calibration that the experiment names."""

    stage = "calibrate"
    results = ("history.csv", "chips.safetensors")
    run: Train
    hardware: config.Hardware
    noise: config.Noise
    treatments: tuple[Treatment, ...]
    teacher: Train | None

    @property
    def parents(self) -> dict[str, Job]:
        return {"run": self.run, "data": self.run.data} | ({"teacher": self.teacher} if self.teacher else {})

    @property
    def inputs(self) -> list[Path]:
        return [self.run.proof, self.run.data.training_file, *([self.teacher.proof] if self.teacher else [])]

    @property
    def modules(self) -> tuple[str, ...]:
        used = (f"snn.hardware.calibrators.{calibrator}" for calibrator in self.calibrators)
        return (*super().modules, *used, *self.noise_modules)

    @property
    def calibrators(self) -> tuple[str, ...]:
        """The names of its calibrators."""
        return tuple(sorted({treatment.calibrator for treatment in self.treatments}))

    @property
    def recipes(self) -> dict[str, Any]:
        """The recipes of their optimisers, as JSON, with every field that the settings leave at its default."""
        settings = self.hardware.calibration
        found = {name: calibrators.load(name, "calibrators").recipe(settings) for name in self.calibrators}
        return {name: recipe.hashed() for name, recipe in found.items() if recipe}

    @property
    def design(self) -> Design:
        """Its chips, and the ways in which each of them is calibrated."""
        return Design(self.hardware, self.noise, self.treatments, self.run.seed)

    @property
    def noise_modules(self) -> tuple[str, ...]:
        """The modules of its noise models."""
        return tuple(sorted({f"snn.hardware.noise.{part.model}" for part in self.noise.models}))

    @property
    def document(self) -> dict[str, Any]:
        return {
            "hardware": self.hardware.hashed(),
            "noise": self.noise.hashed("models"),
            "arms": [list(treatment) for treatment in self.treatments],  # key in older results, see `renaming`
            "seed": self.run.seed,
            "recipes": self.recipes,
        }

    @property
    def place(self) -> str:
        return f"{self.run.place}/chips/{self.hardware.noise}-*"

    @property
    def folder(self) -> Path:
        return self.run.folder / "chips" / f"{self.hardware.noise}-{self.digest}"

    def make(self, out: Path, observer: Observer) -> None:
        run, teacher = self.run, self.teacher.proof if self.teacher else None
        place = device.choose(run.device, run.threads)
        setup = calibrate.Setup(
            self.design, run.rule.teacher_percentile, run.proof, run.data.training_file, teacher, self.digest
        )
        results.finish(self, out, lambda: calibrate.run(setup, place, out, observer), place)
