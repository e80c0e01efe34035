"""Sets of tables on record, as commands that compare rules read them. No torch."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from snn.cli import conditions
from snn.config import Experiment, params
from snn.core.errors import InputError, nearest
from snn.evaluation.outcomes import Outcomes
from snn.pipeline import record
from snn.pipeline.plan import data_name
from snn.report import collected
from snn.report.candidates import Candidates
from snn.report.flags import by_method
from snn.report.place import Place


@dataclass(frozen=True)
class Tables:
    """The tables of an experiment, read when they are asked for."""

    found: record.TablesOnRecord

    @property
    def name(self) -> str:
        """The experiment."""
        return self.found.name

    @cached_property
    def experiment(self) -> Experiment:
        """Its parameters."""
        return params.load("experiments", self.name)

    @property
    def conditions(self) -> str:
        """Under which conditions it compares rules, in words."""
        return conditions.described(self.experiment)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The rows of runs.csv."""
        return collected.runs(self.found.tables)

    @cached_property
    def methods(self) -> frozenset[str]:
        """The methods of these rows."""
        return frozenset(self.runs.method)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Outcomes of test samples in these rows."""
        return collected.outcomes(self.found.tables, len(self.runs))

    @property
    def has_outcomes(self) -> bool:
        """Whether they are there: tables that older code collected have none."""
        return (self.found.tables / "outcomes.safetensors").is_file()

    def networks(self, methods: Collection[str]) -> set[str]:
        """The digests of the networks that these methods trained."""
        return set(self.runs.digest[self.runs.method.isin(methods)])

    def candidates(self, place: Place) -> Candidates | None:
        """What is chosen from at a place; None if nothing was evaluated so."""
        if place not in self._known:
            evaluated = len(place.rows(self.runs)) > 0
            self._known[place] = Candidates(self.runs, self.outcomes, place) if evaluated else None
        return self._known[place]

    @cached_property
    def _known(self) -> dict[Place, Candidates | None]:
        """What was asked for already."""
        return {}


def on_record(noise: str | None, dataset: str | None, only: str | None) -> Iterator[Tables]:
    """The sets of tables whose experiment names the noise, and whose data are those asked for, with or without limits.

    Raises InputError for an experiment or a data set of which there is none.
    """
    known, names = [], record.names()
    if only is not None and only not in names:
        raise InputError(f"--experiment {only}", "has no tables on record", nearest(only, names))
    planned = set(params.names("experiments"))
    for name in [only] if only else [name for name in names if name in planned]:  # tables of a removed one say no more
        experiment = params.load("experiments", name)
        own = {experiment.dataset, data_name(experiment)}
        known += sorted(own)
        if dataset is not None and dataset not in own:
            continue
        if noise not in (None, *(hardware.noise for hardware in experiment.hardware)):
            continue
        yield Tables(record.TablesOnRecord(name))
    if dataset is not None and dataset not in known:
        raise InputError("--dataset", f"{dataset} is in no set of tables", nearest(dataset, dict.fromkeys(known)))


def flags(found: record.TablesOnRecord) -> Mapping[str, str]:
    """The flags of clean networks in the summary of a set's report, by method; none without a report."""
    summary = found.report / "summary.csv"
    return by_method(collected.read(summary)) if summary.exists() else {}


def repeated(own: Tables, earlier: Iterable[Tables], methods: Collection[str]) -> str:
    """The first of other sets that has all networks of these methods, which are then no independent evidence, or ""."""
    return next((other.name for other in earlier if own.networks(methods) <= other.networks(methods)), "")
