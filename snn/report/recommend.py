"""Which rule for a chip: methods ranked on chips of one kind, from collected tables. No torch.

A row is a method, on calibrated chips with a calibrator and its targets. Rows are ranked by their mean on test data.
Each is compared with the first one by pairs of runs with the same seed, on the same chips, with an interval at the
level 0.05 / (rows - 1). A row is worse than the first one if that interval says so; if not, nothing here tells the two
apart, and the cheaper one costs nothing that was measured.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from snn.config import Energy
from snn.energy import prices
from snn.evaluation.outcomes import Outcomes
from snn.report.intervals import LEVEL, estimate
from snn.report.pairs import OUTCOME, Rows, by_seed, converged, difference, new_chip, sign
from snn.report.verdicts import of_pair

FIRST, ALIKE, WORSE, ONE_SEED = "first", "not told apart", "worse", "not tested: one seed"
COLUMNS = (
    *("method", "calibrator", "targets", "trained", "extrapolated", "n", "diverged"),
    *("value_test", "low", "high", "one_chip", "energy_nj"),
)


class Place(NamedTuple):
    """A kind of chips: noise model and level (None: no chip), steps of an inference, calibrated or not."""

    noise: str | None
    level: float
    steps: int
    calibrated: bool = True

    def rows(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The rows of runs.csv that were evaluated so, without controls; at level 0 a chip is the clean network."""
        runs = runs[(runs.steps_eval == self.steps) & runs.control.isna()]
        if self.noise is None or self.level == 0:
            return runs[runs.condition == "clean"]
        condition = "calibrated" if self.calibrated else "noisy"
        return runs[(runs.condition == condition) & (runs.noise == self.noise) & np.isclose(runs.level, self.level)]


def ranked(runs: pd.DataFrame, outcomes: Outcomes, place: Place, energy: Energy) -> pd.DataFrame:
    """A row per method and treatment, the first one with the best mean over the seeds that converged.

    `trained`: steps that the networks were trained with; `extrapolated`: they do better if trained with those of the
    place. `low`, `high`: 95 % interval of `value_test` for new seeds, chips and test samples; `one_chip`: one new chip
    of one new network is no worse in 95 % of cases; `energy_nj`: of an inference; `behind`: difference to the first
    row; `verdict`: first, not told apart, worse, or not tested. Empty if nothing was evaluated so.
    """
    metric = runs[["metric", "direction"]].iloc[0]
    sides = dict(_sides(place.rows(runs)))
    rows = [{**dict(zip(COLUMNS, key, strict=False)), **_row(own, outcomes, energy)} for key, own in sides.items()]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).assign(metric=metric.metric)
    higher = metric.direction == "higher"
    table = table.sort_values("value_test", ascending=not higher, kind="stable", na_position="last", ignore_index=True)
    level = LEVEL / max(1, len(table) - 1)
    behind, verdicts = [], []
    for i, row in table.iterrows():
        apart = difference(Rows(sides[_key(row)]), Rows(sides[_key(table.iloc[0])]), outcomes)
        told = WORSE if of_pair(apart.interval(level).advantage(higher)) == "worse" else ALIKE
        behind.append(apart.mean)
        verdicts.append(FIRST if i == 0 else told if len(apart.seeds) > 1 else ONE_SEED)
    return table.assign(behind=behind, verdict=verdicts)


def cheapest(table: pd.DataFrame) -> pd.Series:
    """Of the first row and those that are not told apart from it, the one that needs the least energy."""
    alike = table[table.verdict.isin([FIRST, ALIKE])]
    return alike.loc[alike.energy_nj.idxmin()]


def _sides(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    """The rows of every method and treatment that converged under some seed."""
    for _, own in rows.groupby(["method", "calibrator", "targets"], sort=False, dropna=False):
        if converged(own):
            yield _key(own.iloc[0]), own


def _key(row: pd.Series) -> tuple[str, str, str]:
    method, *treatment = row[["method", "calibrator", "targets"]].fillna("")
    return method, treatment[0], treatment[1]


def _row(rows: pd.DataFrame, outcomes: Outcomes, energy: Energy) -> dict[str, object]:
    seeds = tuple(sorted(converged(rows)))
    diverged = rows.seed.nunique() - len(seeds)
    rows = rows[rows.seed.isin(seeds)]
    found = estimate(by_seed(rows, seeds, outcomes), outcomes.binary)
    low, high = found.interval()
    cost = np.mean([prices.energy_nj(row, energy) for row in rows.itertuples()])
    return {
        "trained": int(rows.steps.iloc[0]),
        "extrapolated": bool(rows.extrapolated.iloc[0]),
        "n": len(seeds),
        "diverged": diverged,
        "value_test": found.mean,
        "low": low,
        "high": high,
        "one_chip": _one_chip(rows, outcomes),
        "energy_nj": float(cost),
    }


def _one_chip(rows: pd.DataFrame, outcomes: Outcomes) -> float | None:
    """The bound for one new chip, which is no negative share; None if there is none."""
    found = new_chip(rows[OUTCOME], rows, outcomes)
    return max(0.0, sign(rows.direction.iloc[0]) * found.at_least) if found else None
