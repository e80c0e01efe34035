"""What sections of a report are made from: collected tables, experiment, prices and literature. No torch."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from snn import config
from snn.energy import prices
from snn.evaluation.outcomes import Outcomes
from snn.report import flags
from snn.report.canvas import Style, styles
from snn.report.metric import SHOWN, Metric
from snn.report.sections import Section, sections
from snn.report.units import from_files


@dataclass(frozen=True)
class Inputs:
    """Everything that a section may read.

    `collected`: tables of `snn.report.collect` by name. `teachers`: the ANN that each method is compared with,
    without the experiment's teacher itself. `static`: methods that train ANNs. `rules`: the rule of every method.
    `layout`: "published" if a source states the layers of the network, else "ours". `classes`: of the data; None for
    regression. `outcomes`: of the test samples in the rows of runs.csv. `made`: tables of sections made already.
    """

    name: str
    dataset: str
    experiment: config.Experiment
    layout: str
    classes: int | None
    teachers: Mapping[str, str]
    static: frozenset[str]
    rules: Mapping[str, str]
    energies: Mapping[str, config.Energy]
    noises: Mapping[str, config.Noise]
    claims: config.Claims
    published: config.Published
    collected: Mapping[str, pd.DataFrame]
    outcomes: Outcomes
    made: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def energy(self) -> config.Energy:
        """The energy convention of the experiment."""
        return self.energies[self.experiment.energy]

    @property
    def spiking(self) -> dict[str, str]:
        """The teacher of every spiking method."""
        return {method: teacher for method, teacher in self.teachers.items() if method not in self.static}

    @property
    def families(self) -> dict[str, list[tuple[str, str]]]:
        """The pairs of methods to compare, by family: primary and secondary ones, and every method with its teacher."""
        asked = {"primary": self.experiment.comparisons, "secondary": self.experiment.secondary}
        pairs = {family: [(pair.left, pair.right) for pair in own] for family, own in asked.items()}
        return {**pairs, "teacher": list(self.teachers.items())}

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The primary pairs, then the secondary ones."""
        return [*self.families["primary"], *self.families["secondary"]]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The rows of runs.csv with the energy of an inference: `energy_nj` under the convention of the experiment, and
        `energy_nj_NAME` under every one of which a claim is.
        """
        runs = self.collected["runs"]
        wanted = {"energy_nj": self.energy}
        wanted |= {f"energy_nj_{name}": energy for name, energy in self.energies.items()}
        wanted = {column: wanted[column] for column in wanted if column in {"energy_nj", *self._claimed}}
        return runs.assign(**{name: prices.energy_nj(runs, by) for name, by in wanted.items()})

    @property
    def _claimed(self) -> set[str]:
        """The columns that claims are about."""
        return {claim.column for claim in self.claims.claims}

    @cached_property
    def metric_name(self) -> str:
        """The metric of all outcomes: accuracy or mse."""
        return self.collected["runs"].metric.iloc[0]

    @property
    def metric(self) -> Metric:
        """How the metric is shown."""
        return SHOWN[self.metric_name]

    @cached_property
    def style(self) -> dict[str, Style]:
        """The style of every method in figures, marked if it has flags."""
        methods = (self.experiment.teacher, *self.experiment.methods, *self.collected["runs"].method)
        return styles(list(dict.fromkeys(methods)), flags.by_method(self.table("summary")), self.rules)

    def table(self, name: str) -> pd.DataFrame:
        """The table of a section by name, made once."""
        if name not in self.made:
            self.made[name] = Section(name).load("table").table(self)
        return self.made[name]

    def read_from(self, folder: Path) -> "Inputs":
        """The same inputs with tables read from files in a folder, so that figures show the written digits."""
        made = {}
        for section in sections():
            if "table" in section.parts:
                table = pd.read_csv(folder / section.file("table"))
                columns, rows = section.load("table").COLUMNS, section.rows_in_metric(table)
                made[section.name] = from_files(table, columns, self.metric_name, rows)
        return dataclasses.replace(self, made=made)
