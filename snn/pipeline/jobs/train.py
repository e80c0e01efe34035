"""Training: one network, by one rule, with one seed. No torch until a network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn import config, rules
from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.data import shapes
from snn.pipeline.job import Job
from snn.rules import Rule, Task

if TYPE_CHECKING:
    from snn.pipeline.jobs.prepare import Prepare
    from snn.pipeline.jobs.tune import Tune
    from snn.training.loop import Setup

device, results = lazy("snn.core.device"), lazy("snn.pipeline.results")
checkpoint, loop = lazy("snn.training.checkpoint"), lazy("snn.training.loop")


@dataclass(frozen=True, eq=False)
class Train(Job):
    """One network, trained by one rule with one seed.

    `tuning`: chose the learning rate, in place of that of the method.
    """

    stage = "train"
    results = ("epochs.csv", "traces.csv", "student.safetensors", "net.safetensors")
    data: Prepare
    network_name: str
    network: config.Network
    method_name: str
    method: config.Method
    steps: int
    seed: int
    threads: int
    device: str
    precision: str
    teacher: Train | None = None
    start: Train | None = None
    tuning: Tune | None = None

    @property
    def parents(self) -> dict[str, Job]:
        roles = {"data": self.data, "teacher": self.teacher, "start": self.start, "tuning": self.tuning}
        return {role: job for role, job in roles.items() if job}

    @property
    def inputs(self) -> list[Path]:
        start = [self.start.proof, self.start.file("student.safetensors")] if self.start else []
        others = [job.proof for job in (self.teacher, self.tuning) if job]
        return [self.data.training_file, *others, *start]

    @property
    def epochs(self) -> int:
        """Epochs of training, including those of the run that it starts from."""
        return self.method.training.epochs * self.rule.trains + (self.start.epochs if self.start else 0)

    @cached_property
    def rule(self) -> Rule:
        """The rule of its method, with the options of the method."""
        return rules.load(self.method.rule, self.method_name)(self.method.options)

    @property
    def modules(self) -> tuple[str, ...]:
        return (*super().modules, f"snn.rules.{self.method.rule}")

    @property
    def document(self) -> dict[str, Any]:
        return {
            "network": self.network.hashed("layers"),
            "method": self._method,
            "augment": self.data.dataset.augment.hashed(),
            "steps": self.steps,
            "seed": self.seed,
            "threads": self.threads,
            **({"precision": self.precision} if self.precision != "float32" else {}),
        }

    @property
    def place(self) -> str:
        names = f"{self.data.name}/{self.network_name}/{self.method_name}"
        return f"results/runs/{names}/T{self.steps}/s{self.seed}-*"

    @property
    def _method(self) -> dict[str, Any]:
        """Its method as it enters the digest: of a tuned one without the learning rate that the recipe states."""
        found = self.method.hashed("rule", "options", "training", "init")
        return {**found, "training": {**found["training"], "lr": "tuned"}} if self.tuning else found

    def make(self, out: Path, observer: Observer) -> None:
        place = device.choose(self.device, self.threads)
        teacher = self.teacher.proof if self.teacher else None
        data = self.data.training_file
        results.finish(self, out, lambda: loop.run(self._setup(), data, teacher, place, out, observer), place)
        checkpoint.remove(self.folder)

    def _setup(self) -> Setup:
        dataset, training = self.data.dataset, self.method.training
        return loop.Setup(
            rule=self.rule,
            task=Task(dataset.input_shape, shapes.outputs(dataset), self.network.layers, self.steps),
            training=training.model_copy(update={"lr": self.tuning.lr}) if self.tuning else training,
            init=self.method.init,
            augment=dataset.augment,
            seed=self.seed,
            folder=self.folder,
            digest=self.digest,
            precision=self.precision,
            start=self.start.file("student.safetensors") if self.start else None,
        )
