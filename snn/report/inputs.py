"""What the sections of a report are made from: collected tables, the experiment, prices and literature. No torch."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from snn import config
from snn.energy import prices
from snn.report.canvas import Style, styles
from snn.report.metric import SHOWN, Metric
from snn.report.sections import Section, sections
from snn.report.units import from_files


@dataclass(frozen=True)
class Inputs:
    """All that a section may read.

    `collected` are the tables of `snn.report.collect`. `teachers` names, for every method but the experiment's teacher,
    the ANN that it is compared with; `static` are the methods that train ANNs. `layout`: published, if a source states
    the layers of the network, else ours.
    """

    name: str
    dataset: str
    experiment: config.Experiment
    layout: str
    teachers: Mapping[str, str]
    static: frozenset[str]
    energies: Mapping[str, config.Energy]
    noises: Mapping[str, config.Noise]
    claims: config.Claims
    published: config.Published
    collected: Mapping[str, pd.DataFrame]
    made: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def energy(self) -> config.Energy:
        """The convention that prices every row."""
        return self.energies[self.experiment.energy]

    @property
    def spiking(self) -> dict[str, str]:
        """Every spiking method with its teacher."""
        return {method: teacher for method, teacher in self.teachers.items() if method not in self.static}

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The pairs of methods that the experiment asks to compare."""
        return [(pair.left, pair.right) for pair in self.experiment.comparisons]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Every run under every condition, with its energy under the convention of the experiment."""
        runs = self.collected["runs"]
        return runs.assign(energy_nj=[prices.energy_nj(row, self.energy) for row in runs.itertuples()])

    @property
    def metric_name(self) -> str:
        """What outcomes are: accuracy or mse."""
        return self.collected["runs"].metric.iloc[0]

    @property
    def metric(self) -> Metric:
        """How outcomes are shown."""
        return SHOWN[self.metric_name]

    @cached_property
    def style(self) -> dict[str, Style]:
        """How each method looks in figures."""
        methods = (self.experiment.teacher, *self.experiment.methods, *self.collected["runs"].method)
        return styles(list(dict.fromkeys(methods)))

    def table(self, name: str) -> pd.DataFrame:
        """The table of a section, made once."""
        if name not in self.made:
            self.made[name] = Section(name).load("table").table(self)
        return self.made[name]

    def chosen(self, name: str) -> pd.DataFrame:
        """The rows of a collected table that belong to the chosen learning rate of their method."""
        runs = self.collected["runs"]
        return self.collected[name].merge(runs.loc[runs.chosen, ["method", "lr"]].drop_duplicates())

    def read_from(self, folder: Path) -> "Inputs":
        """The same with the tables that were written to a folder, so that figures show what the files say."""
        made = {}
        for section in sections():
            if "table" in section.parts:
                table = pd.read_csv(folder / section.file("table"))
                columns, rows = section.load("table").COLUMNS, section.rows_in_metric(table)
                made[section.name] = from_files(table, columns, self.metric_name, rows)
        return dataclasses.replace(self, made=made)
