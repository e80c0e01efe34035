"""What exports are made from: the tables and the report on record, as text, and facts about the release. No torch."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from snn.config import Experiment, params
from snn.config.documents import base_of
from snn.config.references import Reference, references
from snn.core.columns import METRIC, Column
from snn.core.errors import InputError
from snn.evaluation.rows import Row
from snn.exports.citation import Citation
from snn.report import collected
from snn.report.metric import SHOWN, Metric
from snn.report.sections import Section
from snn.report.select import trainings

SUMMARY, CLAIMS, PUBLISHED = (Section(name).file("table") for name in ("summary", "claims", "published"))


@dataclass(frozen=True)
class Given:
    """An experiment on record.

    `tables`, `report`: the folders of its collected tables and of its report. `digest`: of the collected tables.
    `mark`: why the tables are stale, or empty. `published`: the day on which git got these tables, YYYY-MM-DD.
    """

    name: str
    tables: Path
    report: Path
    digest: str
    mark: str
    published: str
    citation: Citation

    @property
    def title(self) -> str:
        """A title for the export."""
        return f"{self.citation.title} {self.citation.version}: {self.name}"

    @property
    def description(self) -> str:
        """What the tables are, in a few sentences."""
        asked = " ".join(self.experiment.source.split())
        what = (
            f"Results of the experiment {self.name} of {self.citation.title}, which compares training rules for spiking"
        )
        units = f"{self.metric.title.capitalize()} in {self.metric.unit}." if self.metric.unit == "%" else ""
        return " ".join(f"{what} neural networks. {asked}. {units} Tables {self.digest}. {self.mark}".split())

    @cached_property
    def experiment(self) -> Experiment:
        """Its parameters; raises InputError if no file of today describes it."""
        return params.load("experiments", self.name)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The rows of runs.csv as the file spells them, an empty text for what is missing."""
        return text(self.tables / collected.file("runs"), Row.model_fields)

    @cached_property
    def costs(self) -> pd.DataFrame:
        """The rows of costs.csv as text."""
        return text(self.tables / "costs.csv", collected.CostRow.model_fields)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The rows of summary.csv as text."""
        return text(self.report / SUMMARY, Section("summary").load("table").COLUMNS)

    @property
    def metric(self) -> Metric:
        """How the metric of all outcomes is shown."""
        return SHOWN[self.runs.metric.iloc[0]]

    def unit(self, column: Column) -> str:
        """The unit of a column in the files, with that of the metric put in."""
        return self.metric.unit if column.unit == METRIC else column.unit

    @cached_property
    def commits(self) -> dict[str, str]:
        """The commit of the code that trained each run, by the digest of the run."""
        return dict(trainings(self.costs, set(self.runs.digest)).commit.items())

    def made_by(self, column: str) -> list[str]:
        """The values of a column of costs.csv: commits, machines, versions; sorted, without empty ones."""
        return sorted(set(self.costs[column]) - {""})

    @cached_property
    def references(self) -> list[Reference]:
        """The works that parameters of this experiment, its claims and its published figures cite."""
        return references().cited_in(self._texts())

    def _texts(self) -> Iterator[str]:
        experiment, methods = self.experiment, set()
        todo = [experiment.teacher, *experiment.methods]
        while todo:
            name = todo.pop()
            if name not in methods:
                methods.add(name)
                method = params.load("methods", name)
                todo += [other for other in (method.teacher, method.start and method.start.method) if other]
        used = {
            "experiments": [self.name],
            "datasets": [experiment.dataset],
            "networks": [experiment.network],
            "methods": sorted(methods),
            "noise": [hardware.noise for hardware in experiment.hardware],
            "energy": params.names("energy"),  # energy.csv has every convention
        }
        for kind, names in used.items():
            for name in names:
                yield from _sources(kind, name)
        yield from text(self.report / CLAIMS, ["source"]).source
        for _, row in text(self.report / PUBLISHED, ["paper", "table"]).iterrows():
            yield from (row.paper, row.table)


def _sources(kind: str, name: str | None) -> Iterator[str]:
    """The texts of a thing and of what it is based on, by its key `base` or by a text that begins "as NAME"."""
    while name:
        source = params.load(kind, name).source
        yield source
        alike = re.match(r"as `?(\w+)", source, re.IGNORECASE)
        named = alike[1] if alike and alike[1] in params.names(kind) else None
        name = base_of(kind, name) or (named if named != name else None)


def text(path: Path, needed: Iterable[str]) -> pd.DataFrame:
    """A table whose cells are the texts of the file; raises InputError naming a column of `needed` that it lacks."""
    again = "make the tables again, or take an experiment of today: python -m snn plan --all"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", again) from error
    if missing := [name for name in needed if name not in table]:
        raise InputError(path, f"has no column {missing[0]}: the tables were made by older code", again)
    return table


def whole(number: str) -> str:
    """A whole number as text, which pandas writes as 4.0 in a column with empty cells."""
    return re.sub(r"\.0$", "", number)
