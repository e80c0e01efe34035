"""Which rule for a chip: methods ranked on chips of one kind, from collected tables. No torch.

A row is a method, on calibrated chips with a calibrator and its targets. Rows are ranked by their mean on test data.
Each is compared with the first one by pairs of runs with the same seed, on the same chips, with the 95 % interval of a
report's comparisons, uncorrected. A row is worse than the first one if that interval says so; if not, the difference
is not resolved, and the cheaper one costs nothing that was measured. The command recommend and the page show the
same cells.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from snn.config import Energy
from snn.energy import prices
from snn.evaluation.outcomes import Outcomes
from snn.report.intervals import LEVEL, estimate
from snn.report.metric import SHOWN, Metric
from snn.report.pairs import OUTCOME, Difference, by_seed, converged, new_chip, sign
from snn.report.verdicts import NOT_RESOLVED, of_pair

FIRST, WORSE, ONE_SEED = "first", "worse", "not tested: one seed"
KEY = ["method", "calibrator", "targets"]
WORK = ("acs", "macs_once", "macs_every_step", "compares", "neuron_updates")
READ = [*KEY, "seed", "status", "direction", "steps", "extrapolated", OUTCOME, *WORK]  # of runs.csv
COLUMNS = (
    *(*KEY, "trained", "extrapolated", "n", "diverged"),
    *("value_test", "low", "high", "one_chip", *WORK),
)
SHOWN_COLUMNS = {  # of the table that is shown, with their meanings
    "rule": "method",
    "calibrator": "how the chip was calibrated, and what it imitated: its own clean network or the teacher",
    "test": "mean over seeds and chips, on test data",
    "95 % interval": "of that mean, for new seeds, chips and test samples",
    "one chip": "one new chip of one new network is no worse in 95 % of cases",
    "energy nJ": "of one inference, under the chosen energy table",
    "behind": "mean minus that of the first row, seed by seed on the same chips",
    "verdict": "first; worse: the 95 % interval of the difference says so; not resolved: it does not; uncorrected",
    "trained at T": "steps that the network was trained with; *: it would do better if trained with those of the chip",
}


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

    @property
    def arguments(self) -> list[str]:
        """What states this place in the commands recommend and trace."""
        chip = [] if self.noise is None else ["--noise", self.noise, "--level", f"{self.level:g}"]
        return ["--steps", str(self.steps), *chip, *([] if self.calibrated or not chip else ["--no-calibration"])]

    @property
    def words(self) -> str:
        """The place as a heading tells it."""
        if self.noise is None:
            return f"clean networks, T = {self.steps}"
        if self.level == 0:
            return f"{self.noise} at level 0, which is no noise, T = {self.steps}, clean networks"
        state = "calibrated" if self.calibrated else "as manufactured"
        return f"{self.noise} at level {self.level:g}, T = {self.steps}, {state}"


class Treated(NamedTuple):
    """The runs of a method under one treatment that converged: rows of runs.csv, seeds, outcomes of test samples."""

    rows: pd.DataFrame
    seeds: tuple[int, ...]
    diverged: int
    values_SN: np.ndarray


def ranked(runs: pd.DataFrame, outcomes: Outcomes, place: Place) -> pd.DataFrame:
    """A row per method and treatment, the first one with the best mean over the seeds that converged.

    `trained`: steps that the networks were trained with; `extrapolated`: they do better if trained with those of the
    place. `low`, `high`: 95 % interval of `value_test` for new seeds, chips and test samples; `one_chip`: one new chip
    of one new network is no worse in 95 % of cases; `WORK`: operations of an inference; `behind`: difference to the
    first row; `verdict`: first, not resolved, worse, or not tested. Empty if nothing was evaluated so.
    """
    return _compared(runs, outcomes, list(_treated(place.rows(runs)[READ], outcomes)))


def beside(
    runs: pd.DataFrame, outcomes: Outcomes, place: Place, firsts: Sequence[int]
) -> dict[int, list[tuple[float, str]]]:
    """For rows of `ranked`, by their rank: `behind` and `verdict` of it and all later rows if it were the first.

    It is the first where better rows are taken out, as by a bound on energy.
    """
    sides = list(_treated(place.rows(runs)[READ], outcomes))
    ordered = [sides[i] for i in _in_order(_table(runs, outcomes, sides), runs).index]
    higher = runs.direction.iloc[0] == "higher"
    return {i: _beside_first(ordered[i:], outcomes, higher) for i in firsts}


def affordable(
    runs: pd.DataFrame, outcomes: Outcomes, place: Place, energy: Energy, most_nj: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ranking of the rows whose mean energy is `most_nj` or less, with prices, and the rows above it.

    The first row is the best one among those within the bound, and verdicts are about it. Rows above the bound are in
    the order of their energy, neither compared (`behind` is NaN) nor with a verdict.
    """
    sides = list(_treated(place.rows(runs)[READ], outcomes))
    above = [_energy_nj(side, energy) > most_nj for side in sides]
    kept = [side for side, out in zip(sides, above, strict=True) if not out]
    left = _table(runs, outcomes, [side for side, out in zip(sides, above, strict=True) if out])
    left = priced(left.assign(behind=float("nan"), verdict=""), energy).sort_values("energy_nj", kind="stable")
    return priced(_compared(runs, outcomes, kept), energy), left


def priced(table: pd.DataFrame, energy: Energy) -> pd.DataFrame:
    """A ranking with the energy of an inference under a convention, `energy_nj`."""
    return table.assign(energy_nj=[float(prices.energy_nj(row, energy)) for row in table.itertuples()])


def cheapest(table: pd.DataFrame) -> pd.Series:
    """Of the first row and those whose difference to it is not resolved, the one that needs the least energy."""
    able = table[table.verdict.isin([FIRST, NOT_RESOLVED])]
    return able.loc[able.energy_nj.idxmin()]


def cells(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a ranking with prices as they are shown, by `SHOWN_COLUMNS`."""
    metric = SHOWN[table.metric.iloc[0]]
    return [
        {
            "rule": row.method,
            "calibrator": " ".join(filter(None, (row.calibrator, row.targets))) or "-",
            "test": metric.value(row.value_test),
            "95 % interval": _span(metric, row.low, row.high),
            "one chip": "-" if pd.isna(row.one_chip) else metric.value(row.one_chip),
            "energy nJ": f"{row.energy_nj:,.1f}",
            "behind": metric.difference(row.behind),
            "verdict": row.verdict,
            "trained at T": f"{row.trained}{' *' if row.extrapolated else ''}",
        }
        for row in table.itertuples()
    ]


def answer(table: pd.DataFrame) -> str:
    """A ranking with prices in a sentence: what is first, against how many that is not resolved, what is cheapest."""
    first, frugal = table.iloc[0], cheapest(table)
    others = table[table.verdict == NOT_RESOLVED]
    best = named(first)
    if first.n < 2:
        return f"{best} is first, but one seed decides nothing"
    if others.empty:
        return f"{best} is better than every other row" if len(table) > 1 else f"{best} is the only row"
    unclear = f"{best} is first; against {len(others)} of {len(table) - 1} others this is not resolved"
    least = "it" if frugal.name == first.name else named(frugal)
    return f"{unclear}; of it and {'that' if len(others) == 1 else 'those'}, {least} needs the least energy"


def named(row: pd.Series) -> str:
    """A row in words: its method, and how chips were calibrated."""
    return f"{row.method} ({row.calibrator}, {row.targets} targets)" if row.calibrator else str(row.method)


def _span(metric: Metric, low: float, high: float) -> str:
    """An interval as text, within what is possible."""
    return f"{metric.value(max(low, 0))} to {metric.value(min(high, metric.most / metric.factor))}"


def _treated(rows: pd.DataFrame, outcomes: Outcomes) -> Iterator[Treated]:
    """The runs of every method and treatment that converged under some seed."""
    for _, own in rows.groupby(KEY, sort=False, dropna=False):
        if seeds := tuple(sorted(converged(own))):
            kept = own[own.seed.isin(seeds)]
            yield Treated(kept, seeds, own.seed.nunique() - len(seeds), by_seed(kept, seeds, outcomes))


def _compared(runs: pd.DataFrame, outcomes: Outcomes, sides: Sequence[Treated]) -> pd.DataFrame:
    """Treatments as rows, the best mean first, each compared with the first one."""
    table = _in_order(_table(runs, outcomes, sides), runs)
    found = _beside_first([sides[i] for i in table.index], outcomes, runs.direction.iloc[0] == "higher")
    behind, verdicts = [one for one, _ in found], [one for _, one in found]
    return table.assign(behind=behind, verdict=verdicts).reset_index(drop=True)


def _in_order(table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Rows by their mean, the best first."""
    lower = runs.direction.iloc[0] != "higher"
    return table.sort_values("value_test", ascending=lower, kind="stable", na_position="last")


def _beside_first(sides: Sequence[Treated], outcomes: Outcomes, higher: bool) -> list[tuple[float, str]]:
    """The difference of every side to the first one, and its verdict."""
    found: list[tuple[float, str]] = []
    for side in sides:
        apart = _difference(side, sides[0], outcomes)
        told = WORSE if of_pair(apart.interval(LEVEL).advantage(higher)) == "worse" else NOT_RESOLVED
        found.append((apart.mean, (told if len(apart.seeds) > 1 else ONE_SEED) if found else FIRST))
    return found


def _table(runs: pd.DataFrame, outcomes: Outcomes, sides: Sequence[Treated]) -> pd.DataFrame:
    rows = [_row(side, outcomes) for side in sides]
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(metric=runs.metric.iloc[0])


def _energy_nj(side: Treated, energy: Energy) -> float:
    """Mean energy of an inference over seeds and chips."""
    return float(prices.energy_nj(side.rows[list(WORK)].mean(), energy))


def _difference(side: Treated, other: Treated, outcomes: Outcomes) -> Difference:
    """The difference of two treatments, over the seeds under which both converged."""
    seeds = tuple(seed for seed in side.seeds if seed in other.seeds)
    if not seeds:
        return Difference(seeds, np.empty(0), None)
    left, right = ([one.seeds.index(seed) for seed in seeds] for one in (side, other))
    d_SN = side.values_SN[left] - other.values_SN[right]
    return Difference(seeds, d_SN.mean(axis=1), estimate(d_SN, outcomes.binary))


def _row(side: Treated, outcomes: Outcomes) -> Mapping[str, object]:
    first = side.rows.iloc[0]
    found = estimate(side.values_SN, outcomes.binary)
    low, high = found.interval()
    named = {name: "" if pd.isna(first[name]) else first[name] for name in KEY}
    return {
        **named,
        "trained": int(first.steps),
        "extrapolated": bool(first.extrapolated),
        "n": len(side.seeds),
        "diverged": side.diverged,
        "value_test": found.mean,
        "low": low,
        "high": high,
        "one_chip": _one_chip(side.rows, outcomes),
        **side.rows[list(WORK)].mean(),
    }


def _one_chip(rows: pd.DataFrame, outcomes: Outcomes) -> float | None:
    """The bound for one new chip, which is no negative share; None if there is none."""
    found = new_chip(rows[OUTCOME], rows, outcomes)
    return max(0.0, sign(rows.direction.iloc[0]) * found.at_least) if found else None
