"""What is chosen from at a place: every method, number of steps and calibration, compared by pairs. No torch.

Two candidates are compared by runs with the same seed, on the same chips and samples, be their steps the same or not:
with the 95 % interval of a report's comparisons, uncorrected, and in the same verdicts.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from snn.evaluation.outcomes import Outcomes
from snn.report import verdicts
from snn.report.columns import DIGITS
from snn.report.intervals import LEVEL, estimate
from snn.report.pairs import OUTCOME, Difference, by_seed, new_chip, sign
from snn.report.place import Place

FIRST = "first"
KEY = ["method", "steps_eval", "calibrator", "targets"]
WORK = ("acs", "macs_once", "macs_every_step", "compares", "neuron_updates")


class Beside(NamedTuple):
    """A candidate minus another one: the mean difference, its 95 % interval, and what the candidate is thereby."""

    behind: float
    behind_low: float
    behind_high: float
    verdict: str


class Candidates:
    """The candidates at a place. Without rows if nothing was evaluated so, or no run converged.

    `table`: a row per candidate that sends spikes, with the columns of KEY and of WORK (means); `trained`: steps
    that it was trained with; `extrapolated`: it does better if trained with those of the inference; `n`, `diverged`:
    seeds; `chips`: of a seed; `value_test`: mean over the seeds that converged and their chips.
    """

    def __init__(self, runs: pd.DataFrame, outcomes: Outcomes, place: Place):
        self._outcomes = outcomes
        self.metric, direction = runs.metric.iloc[0], runs.direction.iloc[0]
        self.higher, self._sign = direction == "higher", sign(direction)
        rows = place.rows(runs)[
            [*KEY, "seed", "status", "steps", "extrapolated", "direction", "spikes", OUTCOME, *WORK]
        ]
        rows = rows.assign(**{name: rows[name].astype(object).fillna("") for name in ("calibrator", "targets")})
        lost = (rows.status == "diverged").groupby([rows[name] for name in (*KEY, "seed")]).transform("any")
        kept = rows[~lost.astype(bool)]
        own = kept.groupby(KEY, sort=False)
        table = own.agg(
            trained=("steps", "first"),
            extrapolated=("extrapolated", "first"),
            n=("seed", "nunique"),
            spikes=("spikes", "mean"),
            chips=("seed", "size"),
            **{name: (name, "mean") for name in WORK},
        )
        means = kept.groupby([*KEY, "seed"], sort=False)[OUTCOME].mean().groupby(KEY, sort=False).mean().round(DIGITS)
        seeds = rows.groupby(KEY, sort=False).seed.nunique()
        table["chips"] = 0 if place.noise is None else table.chips // table.n
        table = table.assign(value_test=means, diverged=(seeds - table.n).reindex(table.index))
        table = table[table.spikes > 0].drop(columns="spikes")  # no ANN, no smooth neurons, no dead network
        self._rows = [kept.loc[own.groups[key]] for key in table.index]
        self._known: dict[int, tuple[tuple[int, ...], np.ndarray]] = {}
        self._diverged = [int(number) for number in table.diverged]
        self.table = table.reset_index()

    def interval(self, i: int) -> Mapping[str, float | None]:
        """The 95 % interval of the mean of a candidate for new seeds, chips and samples, `low` and `high`; `one_chip`:
        one new chip of one new network is no worse in 95 % of cases; None if that is not known.
        """
        low, high = estimate(self._values(i)[1], self._outcomes.binary).interval()
        found = new_chip(self._rows[i][OUTCOME], self._rows[i], self._outcomes)
        return {"low": low, "high": high, "one_chip": max(0.0, self._sign * found.at_least) if found else None}

    def beside(self, i: int, first: int, level: float = LEVEL) -> Beside:
        """A candidate minus the one that is first, over the seeds under which both converged; `level`: with which the
        interval misses.
        """
        (own, values_SN), (its, other_SN) = self._values(i), self._values(first)
        seeds = tuple(seed for seed in own if seed in its)
        unknown = float("nan")
        if i == first:
            return Beside(0.0, unknown, unknown, FIRST)
        if not seeds:
            return Beside(unknown, unknown, unknown, verdicts.tested("", 0, 0))
        d_SN = values_SN[[own.index(seed) for seed in seeds]] - other_SN[[its.index(seed) for seed in seeds]]
        apart = Difference(seeds, d_SN.mean(axis=1), estimate(d_SN, self._outcomes.binary))
        interval = apart.interval(level)
        verdict = verdicts.of_pair(interval.advantage(self.higher), verdicts.margin(self.metric))
        diverged = self._diverged[i] + self._diverged[first]
        return Beside(apart.mean, *interval, verdicts.tested(verdict, len(seeds), diverged))

    def _values(self, i: int) -> tuple[tuple[int, ...], np.ndarray]:
        """The seeds of a candidate, and the outcomes of test samples, a row per seed."""
        if i not in self._known:
            seeds = tuple(sorted(set(self._rows[i].seed)))
            self._known[i] = seeds, by_seed(self._rows[i], seeds, self._outcomes)
        return self._known[i]
