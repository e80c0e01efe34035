"""The jobs of an experiment: what each one is made of, hence its digest and its folder. No torch.

    data/raw/{raw}/{file}                                                   download: no digest, released checksums
    data/prepared/{dataset}/{digest}                                        prepare
    results/runs/{dataset}/{network}/{method}/T{steps}/s{seed}-{digest}     train
        .../chips/{noise}-{digest}                                          calibrate, below its run
        .../rows/{digest}                                                   evaluate, below its run
    results/tables/{experiment}                                             collect, stamped with its digest
    results/report/{experiment}                                             report, stamped with its digest

Every digest covers those of the parents, so that a change runs down the chain and no further.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from snn import config, rules
from snn.config import params
from snn.hardware.trials import Design, Treatment
from snn.pipeline.job import Job
from snn.report import sections
from snn.rules import Rule

if TYPE_CHECKING:
    from pandas import DataFrame

    from snn.report.collect import Evaluated
    from snn.report.inputs import Inputs


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
        """The released files; once the data are prepared they may be removed, and are not fetched again."""
        return [self.raw / file.name for file in self.dataset.files]

    @property
    def place(self) -> str:
        return f"data/prepared/{self.name}/*"

    @property
    def raw(self) -> Path:
        """Where the released files lie."""
        return Path("data/raw", self.dataset.raw)

    @property
    def training_file(self) -> Path:
        """All that training, calibration and tuning may see."""
        return self.folder / "train.safetensors"

    @property
    def test_file(self) -> Path:
        """What only `evaluate` reads."""
        return self.folder / "test.safetensors"


@dataclass(frozen=True, eq=False)
class Train(Job):
    """One network by one rule with one seed."""

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
        """Epochs of training, those of the run it started from included."""
        return self.method.training.epochs * self.rule.trains + (self.start.epochs if self.start else 0)

    @cached_property
    def rule(self) -> Rule:
        """The rule of its method, with the method's options."""
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
    """All levels and chips of one noise model for one run, calibrated in every way that is asked for."""

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
        """The code of its noise models."""
        return tuple(sorted({f"snn.hardware.noise.{part.model}" for part in self.noise.models}))

    @property
    def document(self) -> dict[str, Any]:
        return {
            "hardware": self.hardware.hashed(),
            "noise": self.noise.hashed("models"),
            "arms": [list(treatment) for treatment in self.treatments],  # the key of results on record, see `adopt`
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
    """One run under every condition -> rows; the only stage that sees test data."""

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


@dataclass(frozen=True, eq=False)
class Stamped(Job):
    """A job whose results are in git, under names that hold no digest; a stamp beside them says what they were made of.

    The stamp is named by the digest and holds the sha256 of every file.
    """

    @property
    def name(self) -> str:
        """The experiment."""
        return self.folder.name

    @property
    def stamp_file(self) -> Path:
        """The stamp of these results."""
        return self.folder / f"{self.digest}.stamp"

    @property
    def outputs(self) -> list[Path]:
        return [*(self.folder / name for name in self.results), self.stamp_file]


@dataclass(frozen=True, eq=False)
class Collect(Stamped):
    """Rows of all runs -> collected tables."""

    stage = "collect"
    modules = ("snn.report.collect",)
    results = ("runs.csv", "layers.csv", "epochs.csv", "traces.csv", "calibration.csv", "costs.csv")
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
    def evaluated(self) -> "tuple[Evaluated, ...]":
        """What there is to collect: a run with the folders that hold it."""
        from snn.report.collect import Evaluated

        return tuple(
            Evaluated(
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


class Shown(NamedTuple):
    """How a file is shown on Snakemake's page."""

    caption: str
    category: str
    labels: dict[str, str]


@dataclass(frozen=True, eq=False)
class Report(Stamped):
    """Collected tables -> table, page and figure of every section. It needs no run.

    `recorded` is the digest of collected tables that lie here but are not those of today; None for those of today.
    """

    stage = "report"
    experiment: config.Experiment
    energies: Mapping[str, config.Energy]
    noises: Mapping[str, config.Noise]
    collect: Collect
    recorded: str | None = None

    @property
    def results(self) -> tuple[str, ...]:
        names = (name for part in ("table", "page", "figure") for name in sections.files(part))
        return (*names, sections.HEADLINE)

    def of(self, recorded: str) -> "Report":
        """The same report, of collected tables with this digest."""
        return replace(self, recorded=None if recorded == self.collect.digest else recorded)

    @property
    def shown(self) -> dict[Path, Shown]:
        """The tables and figures that Snakemake's page shows, with caption, category and label."""
        parts = [(section, part) for part in ("figure", "table") for section in sections.sections()]
        return {
            self.folder / section.file(part): Shown(
                str(section.caption_file), f"{part.capitalize()}s", {part: f"{section.name}: {section.title}"}
            )
            for section, part in parts
            if part in section.parts
        }

    @property
    def not_shown(self) -> list[Path]:
        """All its other files."""
        return [path for path in self.outputs if path not in self.shown]

    @property
    def parents(self) -> dict[str, Job]:
        return {"collect": self.collect}

    @property
    def parent_digests(self) -> dict[str, str]:
        return {"collect": self.recorded or self.collect.digest}

    @property
    def inputs(self) -> list[Path]:
        return self.collect.outputs

    @property
    def modules(self) -> tuple[str, ...]:
        return ("snn.report.write", *sections.modules())

    @property
    def reads(self) -> Sequence[Path]:
        return [section.caption_file for section in sections.sections()]

    @property
    def document(self) -> dict[str, Any]:
        fields = ("teacher", "methods", "seeds", "learning_rates", "comparisons", "hardware", "energy")
        return {
            "experiment": self.name,
            **self.experiment.hashed(*fields),
            "dataset": self._first.data.name,
            "layout": self._first.network.layout,
            "teachers": self.teachers,
            "static": sorted(self.static),
            "energies": {name: energy.hashed(but=("source",)) for name, energy in self.energies.items()},
            "noises": {name: noise.hashed(but=("source",)) for name, noise in self.noises.items()},
            "claims": params.load_claims().hashed(but=("source",)),
            "published": params.load_published().hashed(but=("source",)),
        }

    @property
    def place(self) -> str:
        return f"results/report/{self.collect.name}"

    @property
    def _first(self) -> Train:
        return self.collect.evaluations[0].run

    @property
    def teachers(self) -> dict[str, str]:
        """Every method but the experiment's teacher, with the ANN that it is compared with."""
        runs = {evaluation.run.method_name: evaluation.run for evaluation in self.collect.evaluations}
        own = {name: run.teacher.method_name for name, run in runs.items() if run.teacher}
        return {name: own.get(name, self.experiment.teacher) for name in runs if name != self.experiment.teacher}

    @property
    def static(self) -> set[str]:
        """The methods that train ANNs."""
        runs = {evaluation.run.method_name: evaluation.run for evaluation in self.collect.evaluations}
        return {name for name, run in runs.items() if run.rule.static}

    def inputs_of(self, collected: "Mapping[str, DataFrame]") -> "Inputs":
        """What the sections are made from."""
        from snn.report.inputs import Inputs

        return Inputs(
            name=self.name,
            dataset=self._first.data.name,
            experiment=self.experiment,
            layout=self._first.network.layout,
            teachers=self.teachers,
            static=frozenset(self.static),
            energies=self.energies,
            noises=self.noises,
            claims=params.load_claims(),
            published=params.load_published(),
            collected=collected,
        )
