"""Columns that several tables have in common. No torch."""

from collections.abc import Iterable

from snn.core.columns import METRIC, Column
from snn.evaluation.rows import Row
from snn.report.metric import SHOWN

RUN = Row.columns()
DIGITS = 10  # after the point; means that agree in these are equal, and are shown alike
INTERVALS = {
    "value_val": "over seeds",
    "value_test": "for new seeds and new test samples; of one seed, for this network and new samples",
}


def of_runs(names: Iterable[str]) -> dict[str, Column]:
    """Columns with the unit and meaning that they have in runs.csv; work is averaged over seeds."""
    return {name: RUN[name] for name in names}


def unit_of(column: str, metric: str, of: str = "difference") -> str:
    """The unit of a difference, or of a ratio, of a column of runs.csv or of an energy, as files have it."""
    if of == "ratio":
        return "times"
    known = ENERGY if column.startswith("energy_nj") else RUN.get(column)
    return SHOWN[metric].difference_unit if known and known.unit == METRIC else known.unit if known else ""


def mean_over_seeds(name: str) -> dict[str, Column]:
    """Columns for mean, standard deviation and interval of an outcome over seeds."""
    meaning = RUN[name].meaning
    return {
        f"{name}_mean": Column(METRIC, f"{meaning}: mean over seeds"),
        f"{name}_sd": Column(METRIC, f"{meaning}: standard deviation over seeds"),
        f"{name}_ci95": Column(METRIC, f"{meaning}: half the 95 % interval of the mean, {INTERVALS[name]}"),
    }


def difference(name: str, meaning: str, interval: str = "for new seeds and new test samples") -> dict[str, Column]:
    """Columns for the mean of a difference over seeds, and its interval."""
    return {
        name: Column(METRIC, f"{meaning}: mean over seeds"),
        f"{name}_ci95": Column(METRIC, f"{meaning}: half the 95 % interval of the mean, {interval}"),
    }


N = Column("seeds", "over which means are taken")
DIVERGED = Column("seeds", "that diverged; they count in n")
UNIT = Column("", "of the numbers in this row that have the unit of metric: points, mse, nJ, operations, times")
ENERGY = Column("nJ", "energy of one inference under the convention of the experiment")
