"""The jobs of an experiment, from data to rows: parameters, code, parents and folder of each. No torch.

    data/raw/{raw}/{file}                                                   download: no digest, released checksums
    data/prepared/{dataset}/{digest}                                        prepare
    results/runs/{dataset}/{network}/{method}/T{steps}/s{seed}-{digest}     train
        .../chips/{noise}-{digest}                                          calibrate, below its run
        .../rows/{digest}                                                   evaluate, below its run
    results/tables/{experiment}                                             collect, see `stamped`
    results/report/{experiment}                                             report, see `stamped`

A digest includes the digests of the parents. A change therefore renames every result that depends on it, and no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from snn import config, rules
from snn.config import params
from snn.hardware.trials import Design, Treatment
from snn.pipeline.job import Job
from snn.rules import Rule


@dataclass(frozen=True, eq=False)
class Prepare(Job):
    """Raw data -> tensors: training and validation in one file, test in another."""

    stage = "prepare"
    results = ("test.safetensors", "train.safetensors")
    name: str
    dataset: config.Dataset

    @property
    def modules(self) -> tuple[str, ...]:
        return ("snn.data.prepare", f"snn.data.loaders.{self.dataset.loader}")

    @property
    def document(self) -> dict[str, Any]:
        files = [file.hashed("name", "md5", "sha256") for file in self.dataset.files]
        return {**self.dataset.hashed(but=("source", "augment", "raw")), "files": files}

    @property
    def reads(self) -> Sequence[Path]:
        loader = params.load_plugin("data.loaders", self.dataset.loader, self.name)
        return loader.reads(self.dataset.options) if hasattr(loader, "reads") else ()

    @property
    def inputs(self) -> list[Path]:
        """The released files. Once the data are prepared, they may be removed and are not downloaded again."""
        return [self.raw / file.name for file in self.dataset.files]

    @property
    def place(self) -> str:
        return f"data/prepared/{self.name}/*"

    @property
    def raw(self) -> Path:
        """The folder of the released files."""
        return Path("data/raw", self.dataset.raw)

    @property
    def training_file(self) -> Path:
        """The only data that training, calibration and tuning may see."""
        return self.folder / "train.safetensors"

    @property
    def test_file(self) -> Path:
        """The data that only `evaluate` reads."""
        return self.folder / "test.safetensors"


@dataclass(frozen=True, eq=False)
class Train(Job):
    """One network, trained by one rule with one seed."""

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
    teacher: "Train | None" = None
    start: "Train | None" = None

    @property
    def parents(self) -> dict[str, Job]:
        roles = {"data": self.data, "teacher": self.teacher, "start": self.start}
        return {role: job for role, job in roles.items() if job}

    @property
    def inputs(self) -> list[Path]:
        start = [self.start.proof, self.start.file("student.safetensors")] if self.start else []
        return [self.data.training_file, *([self.teacher.proof] if self.teacher else []), *start]

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
        return ("snn.training.loop", f"snn.rules.{self.method.rule}")

    @property
    def document(self) -> dict[str, Any]:
        return {
            "network": self.network.hashed("layers"),
            "method": self.method.hashed("rule", "options", "training", "init"),
            "augment": self.data.dataset.augment.hashed(),
            "steps": self.steps,
            "seed": self.seed,
            "threads": self.threads,
        }

    @property
    def place(self) -> str:
        names = f"{self.data.name}/{self.network_name}/{self.method_name}"
        return f"results/runs/{names}/T{self.steps}/s{self.seed}-*"


@dataclass(frozen=True, eq=False)
class Calibrate(Job):
    """All levels and chips of one noise model for one run, with every calibration that the experiment names."""

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
        calibrators = sorted({f"snn.hardware.calibrators.{treatment.calibrator}" for treatment in self.treatments})
        return ("snn.hardware.calibrate", *calibrators, *self.noise_modules)

    @property
    def design(self) -> Design:
        """Its chips, and the ways in which each of them is calibrated."""
        return Design(self.hardware, self.noise, self.treatments)

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
        }

    @property
    def place(self) -> str:
        return f"{self.run.place}/chips/{self.hardware.noise}-*"

    @property
    def folder(self) -> Path:
        return self.run.folder / "chips" / f"{self.hardware.noise}-{self.digest}"


@dataclass(frozen=True, eq=False)
class Evaluate(Job):
    """One run under every condition -> rows. The only stage that reads test data."""

    stage = "evaluate"
    results = ("layers.csv", "rows.csv")
    run: Train
    calibrations: tuple[Calibrate, ...]
    steps_eval: tuple[int, ...]

    @property
    def parents(self) -> dict[str, Job]:
        chips = {f"chips {calibration.hardware.noise}": calibration for calibration in self.calibrations}
        return {"run": self.run, "data": self.run.data, **chips}

    @property
    def inputs(self) -> list[Path]:
        return [*super().inputs, self.run.data.test_file]

    @property
    def modules(self) -> tuple[str, ...]:
        return ("snn.evaluation.evaluate", *sorted({module for c in self.calibrations for module in c.noise_modules}))

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
