"""Columns that several tables share. No torch."""

from collections.abc import Iterable

from snn.core.columns import METRIC, Column
from snn.evaluation.rows import RunRow

RUN = RunRow.columns()


def of_runs(names: Iterable[str]) -> dict[str, Column]:
    """Columns that mean in a table what they mean in runs.csv; work is averaged over seeds."""
    return {name: RUN[name] for name in names}


def mean_over_seeds(name: str) -> dict[str, Column]:
    """Mean, standard deviation and interval over seeds of an outcome."""
    meaning = RUN[name].meaning
    return {
        f"{name}_mean": Column(METRIC, f"{meaning}: mean over seeds"),
        f"{name}_sd": Column(METRIC, f"{meaning}: standard deviation over seeds"),
        f"{name}_ci95": Column(METRIC, f"{meaning}: half the 95 % interval of the mean, Student's t"),
    }


def difference(name: str, meaning: str) -> dict[str, Column]:
    """A mean difference over seeds with its interval."""
    return {
        name: Column(METRIC, f"{meaning}: mean over seeds"),
        f"{name}_ci95": Column(METRIC, f"{meaning}: half the 95 % interval of the mean"),
    }


N = Column("seeds", "over which means are taken")
DIVERGED = Column("seeds", "that diverged; they count in n")
ENERGY = Column("nJ", "energy of one inference under the convention of the experiment")
