"""Collected tables -> table, page and figure of every section. It needs no run. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from snn import config
from snn.config import documents, params
from snn.core.lazy import lazy
from snn.pipeline.job import Job
from snn.pipeline.stamped import StampedJob
from snn.report import sections

if TYPE_CHECKING:
    from snn.pipeline.jobs.collect import Collect
    from snn.pipeline.jobs.train import Train
    from snn.report.inputs import Inputs

collected, inputs, write = lazy("snn.report.collected"), lazy("snn.report.inputs"), lazy("snn.report.write")


class Shown(NamedTuple):
    """How Snakemake's page shows a file: file of its caption, category and labels."""

    caption: str
    category: str
    labels: dict[str, str]


@dataclass(frozen=True, eq=False)
class Report(StampedJob):
    """The report of an experiment.

    `recorded`: the digest of the collected tables, if today's code gives them another one; None if not.
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

    def of(self, recorded: str) -> Report:
        """The same report, made from collected tables with this digest."""
        return replace(self, recorded=None if recorded == self.collect.digest else recorded)

    @property
    def shown(self) -> dict[Path, Shown]:
        """The tables and figures that Snakemake's page shows."""
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
        """Its other files."""
        shown = self.shown
        return [path for path in self.outputs if path not in shown]

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
        return (*super().modules, *sections.modules())

    @property
    def reads(self) -> Sequence[Path]:
        return [section.caption_file for section in sections.sections()]

    @property
    def document(self) -> dict[str, Any]:
        claims, _ = params.literature()
        fields = ("teacher", "methods", "seeds", "learning_rates", "tuning_seeds", "hardware", "energy")
        return {
            "experiment": self.name,
            **self.experiment.hashed(*fields, "comparisons", "secondary"),
            "dataset": self._first.data.name,
            "layout": self._first.network.layout,
            "classes": self._classes,
            "teachers": self.teachers,
            "static": sorted(self.static),
            "rules": self.rules,
            "energies": {name: energy.hashed(but=("source",)) for name, energy in self.energies.items()},
            "noises": {name: noise.hashed(but=("source",)) for name, noise in self.noises.items()},
            "claims": claims.hashed(but=("source",)),
            "published": self._published.hashed(but=("source",)),
        }

    @property
    def place(self) -> str:
        return f"results/report/{self.collect.name}"

    @property
    def _first(self) -> Train:
        return self.collect.evaluations[0].run

    @property
    def _classes(self) -> int | None:
        """The number of classes; None for regression."""
        dataset = self._first.data.dataset
        return dataset.classes if dataset.task == "classification" else None

    @cached_property
    def _published(self) -> config.Published:
        """The figures of the literature. Those for images that are only normalised otherwise are for these, too."""
        _, published = params.literature()
        data = self._first.data
        base = documents.base_of("datasets", data.name) if data.name == self.experiment.dataset else None
        original = params.load("datasets", base) if base else data.dataset
        alike = {"source": original.source, "statistics": original.statistics}
        if base is None or data.dataset.model_copy(update=alike) != original:
            return published
        figures = (f.model_copy(update={"dataset": data.name}) if f.dataset == base else f for f in published.figures)
        return published.model_copy(update={"figures": tuple(figures)})

    @property
    def teachers(self) -> dict[str, str]:
        """The ANN that each method is compared with, by method; the experiment's teacher has none."""
        own = {name: run.teacher.method_name for name, run in self._methods.items() if run.teacher}
        return {
            name: own.get(name, self.experiment.teacher) for name in self._methods if name != self.experiment.teacher
        }

    @property
    def static(self) -> set[str]:
        """The methods that train ANNs."""
        return {name for name, run in self._methods.items() if run.rule.static}

    @property
    def rules(self) -> dict[str, str]:
        """The rule of every method."""
        return {name: run.method.rule for name, run in self._methods.items()}

    @cached_property
    def _methods(self) -> dict[str, Train]:
        """A run of every method."""
        return {evaluation.run.method_name: evaluation.run for evaluation in self.collect.evaluations}

    def write(self, out: Path) -> None:
        """Write tables, pages and figures into a folder, from the collected tables in this checkout.

        Raises InputError if the tables do not match their stamp, or lack a column that today's code reads.
        """
        write.write(self.found(), out)

    def found(self) -> Inputs:
        """What sections and the page are made from: the collected tables in this checkout, proven by their stamp."""
        self.collect.verify(self.parent_digests["collect"])
        return self.of_tables(self.collect.folder)

    def of_tables(self, folder: Path) -> Inputs:
        """The same from the collected tables in any folder."""
        claims, _ = params.literature()
        tables = collected.collected(folder)
        return inputs.Inputs(
            name=self.name,
            dataset=self._first.data.name,
            experiment=self.experiment,
            layout=self._first.network.layout,
            classes=self._classes,
            teachers=self.teachers,
            static=frozenset(self.static),
            rules=self.rules,
            energies=self.energies,
            noises=self.noises,
            claims=claims,
            published=self._published,
            collected=tables,
            outcomes=collected.outcomes(folder, len(tables["runs"])),
        )
