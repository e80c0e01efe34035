"""Two sides that are compared seed by seed, and the one interval of their difference. No torch.

A seed fixes the initial draw, the order of the data, the split and the chips, so only the sides differ within a pair.
Outcomes are compared sample by sample, see `intervals`; their mean over the chips of a seed is one outcome. Of other
columns, such as energy, a seed has one value, and the interval is Student's t over seeds. A side may be a change, which
is taken per sample and seed: on a chip, or at other steps, minus the clean network.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from snn.config import Side
from snn.evaluation.outcomes import Outcomes
from snn.report.intervals import LEVEL, Chips, Estimate, Interval, chips, estimate, over_seeds

OUTCOME = "value_test"
ROUNDING = 1e-9  # relative; values closer than this are equal


class Pair(NamedTuple):
    """A column of two sides, and the family in which it is tested: primary, secondary, teacher or claim."""

    left: Side
    right: Side
    column: str
    family: str


class Difference(NamedTuple):
    """Left minus right, over the seeds in which neither side diverged; `estimate` holds the samples, of outcomes."""

    seeds: tuple[int, ...]
    by_seed: np.ndarray
    estimate: Estimate | None
    largest: float = 0.0  # of the values of both sides

    @property
    def mean(self) -> float:
        """Over seeds; NaN without any."""
        return float(self.by_seed.mean()) if len(self.seeds) else float("nan")

    @property
    def sd(self) -> float:
        """Over seeds; NaN for one."""
        return float(self.by_seed.std(ddof=1)) if len(self.seeds) > 1 else float("nan")

    @property
    def _spreads(self) -> bool:
        """Whether seeds differ by more than rounding."""
        return bool(np.ptp(self.by_seed) > ROUNDING * self.largest)

    def over_seeds(self, level: float = LEVEL) -> float:
        """Half of Student's interval over seeds, for these test samples alone; NaN for one seed."""
        return float(over_seeds(self.sd, len(self.seeds), level)) if self.seeds else float("nan")

    def interval(self, level: float = LEVEL) -> Interval:
        """For new seeds, and for outcomes new test samples; without bounds if nothing tells the spread over seeds."""
        if len(self.seeds) < 2 or (self.estimate is None and not self._spreads):
            return Interval(float("-inf"), float("inf"))
        half = self.over_seeds(level) if self.estimate is None else self.estimate.half(level)
        return Interval(self.mean - half, self.mean + half)


class Rows(NamedTuple):
    """The rows of one side, and those that are subtracted from them, if the side is a change."""

    rows: pd.DataFrame
    clean: pd.DataFrame | None = None

    @classmethod
    def of(cls, side: Side, runs: pd.DataFrame) -> "Rows":
        """Those of a side among rows of runs.csv."""
        return cls(rows_of(side, runs), rows_of(Side(method=side.method), runs) if side.minus_clean else None)

    @property
    def found(self) -> bool:
        """Whether the side was run."""
        return len(self.rows) > 0 and (self.clean is None or len(self.clean) > 0)

    @property
    def converged(self) -> set[int]:
        """The seeds that both have and of which no row diverged."""
        return converged(self.rows) & converged(self.clean if self.clean is not None else self.rows)

    def values(self, column: str) -> pd.Series:
        """A column, by seed: means over the rows of the seed, which are its chips."""
        mean = self.rows.groupby("seed")[column].mean()
        return mean if self.clean is None else mean - self.clean.groupby("seed")[column].mean()

    def outcomes(self, seeds: tuple[int, ...], outcomes: Outcomes) -> np.ndarray:
        """The outcomes of test samples, one row per seed."""
        values_SN = by_seed(self.rows, seeds, outcomes)
        return values_SN if self.clean is None else values_SN - by_seed(self.clean, seeds, outcomes)


def rows_of(side: Side, runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of one side among rows of runs.csv: without controls.

    At the run's own steps, unless the side names others. If the side is a change, not those that are subtracted.
    """
    rows = runs[runs.steps_eval == (side.steps or runs.steps)]
    rows = rows[(rows.method == side.method) & (rows.condition == side.condition)]
    for field in ("noise", "calibrator", "targets"):
        if getattr(side, field):
            rows = rows[rows[field] == getattr(side, field)]
    if side.condition == "calibrated":
        rows = rows[rows.control.isna()]
    if side.level:
        rows = rows[rows.level == (rows.level.max() if side.level == "highest" else rows.level.min())]
    return rows


def difference(left: Rows, right: Rows, outcomes: Outcomes, column: str = OUTCOME) -> Difference:
    """The difference between two sides, whose rows are of the table that `outcomes` belongs to."""
    seeds = tuple(sorted(left.converged & right.converged))
    if column != OUTCOME:
        values = [side.values(column).loc[list(seeds)] for side in (left, right)]
        largest = max((side.abs().max() for side in values), default=0.0)
        return Difference(seeds, (values[0] - values[1]).to_numpy(float), None, float(largest))
    if not seeds:
        return Difference(seeds, np.empty(0), None)
    d_SN = left.outcomes(seeds, outcomes) - right.outcomes(seeds, outcomes)
    return Difference(seeds, d_SN.mean(axis=1), estimate(d_SN, outcomes.binary))


def converged(rows: pd.DataFrame) -> set[int]:
    """The seeds of which no row diverged."""
    return set(rows.seed) - set(rows.seed[rows.status == "diverged"])


def by_seed(rows: pd.DataFrame, seeds: tuple[int, ...], outcomes: Outcomes) -> np.ndarray:
    """The outcomes of test samples, one row per seed: means over the rows of the seed, which are its chips."""
    return np.stack([outcomes.values(rows.index[rows.seed == seed]).mean(axis=0) for seed in seeds])


def new_chip(values: pd.Series, rows: pd.DataFrame, outcomes: Outcomes) -> Chips | None:
    """What one new chip will show, from `values` of the chips in `rows`; in the predictions, more is better.

    None where nothing tells it: from one seed, from one chip a seed, or from other numbers of chips per seed.
    """
    v_SC = [own.to_numpy(float) for _, own in values.groupby(rows.seed)]
    if len(set(map(len, v_SC))) != 1:
        return None
    return chips(sign(rows.direction.iloc[0]) * np.stack(v_SC), 1 / outcomes.samples if outcomes.binary else 0.0)


def sign(direction: str) -> int:
    """1 if higher values are better, else -1."""
    return 1 if direction == "higher" else -1
