"""The command versus: two rules, compared by pairs in every set of tables that has both. No torch."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.cli import elsewhere
from snn.cli.conditions import norms
from snn.cli.listing import aligned
from snn.cli.sets import Tables, flags, on_record, repeated
from snn.core.errors import InputError, nearest
from snn.report import verdicts
from snn.report.candidates import Beside, Candidates
from snn.report.intervals import LEVEL
from snn.report.metric import SHOWN, Metric
from snn.report.place import Place
from snn.report.recommend import apart

ABOUT = (
    "difference: of means, seed by seed on the same samples and chips, with the interval that the verdict is read off:"
    " 95 %, uncorrected, but for pairs of clean networks that an experiment names beforehand wider, for their number"
)
DEPENDENT = "sets on the same data share test samples, so that they do not confirm each other as new data would"
STEPS = "T: that of the training; of an inference with --steps"
CALIBRATED = "chips are calibrated, by the calibrator with the best mean of the rule; --no-calibration for others"


class Question(NamedTuple):
    """Two methods, at a place (steps None: those that a method was trained with), in which sets of tables."""

    left: str
    right: str
    place: Place
    dataset: str | None = None
    experiment: str | None = None


class Comparison(NamedTuple):
    """What a set of tables says of two candidates.

    `repeats`: the earlier set that has the same networks, or "". `named`: of how many pairs that the experiment names
    beforehand this is one, or 0.
    """

    tables: Tables
    left: pd.Series
    right: pd.Series
    found: Beside
    repeats: str
    named: int

    @property
    def metric(self) -> Metric:
        """The metric, as it is shown."""
        return SHOWN[self.tables.runs.metric.iloc[0]]

    @property
    def verdict(self) -> str:
        """Which method is better, or what else the interval says."""
        word, _, more = self.found.verdict.partition(", ")
        return ", ".join(filter(None, (f"{self.winner} is better" if self.winner else word, more)))

    @property
    def winner(self) -> str:
        """The method that is better; empty if none is."""
        names = {verdicts.BETTER: self.left.method, verdicts.WORSE: self.right.method}
        return next((name for word, name in names.items() if self.found.verdict.startswith(word)), "")

    @property
    def values(self) -> tuple[float, float]:
        """Both means on test data."""
        return float(self.left.value_test), float(self.right.value_test)

    @property
    def settings(self) -> str:
        """Whether rules have equal settings or each its own, or if these are variants."""
        return self.tables.conditions.split(", ")[0]

    @property
    def norms(self) -> list[str]:
        """The norms of the two networks."""
        found = norms(self.tables.experiment)
        return [found.get(side.method, "") for side in (self.left, self.right)]

    @property
    def flags(self) -> str:
        """The flags that the summary of the report has for these clean networks."""
        if self.left.chips:
            return ""
        found = flags(self.tables.found)
        both = [side.method for side in (self.left, self.right)]
        return "; ".join(f"{method}: {found[method]}" for method in both if method in found)

    @property
    def difference(self) -> str:
        """The difference with its interval, in the digits of the metric."""
        return apart(self.metric, self.found.behind, self.found.behind_low, self.found.behind_high)

    @property
    def cells(self) -> dict[str, str]:
        """Its row of the table, by heading."""
        runs, metric = self.tables.runs.iloc[0], self.metric
        steps = dict.fromkeys((f"{self.left.steps_eval}", f"{self.right.steps_eval}"))
        values = {side.method: f"{metric.value(side.value_test)} {metric.unit}" for side in (self.left, self.right)}
        return {
            "set": self.tables.name,
            "data": runs.dataset,
            "network": runs.network,
            "settings": self.settings,
            "norm": " / ".join(dict.fromkeys(self.norms)),
            "T": " / ".join(steps),
            "test samples": f"{self.tables.outcomes.samples:,}",
            "seeds": f"{self.left.n}",
            "chips each": f"{self.left.chips}" if self.left.chips else "",
            "calibrators and targets": " / ".join(dict.fromkeys(filter(None, map(_treated, (self.left, self.right))))),
            **values,
            "difference": f"{self.difference} {metric.difference_unit}",
            "verdict": self.verdict,
            "named pairs": f"{self.named}" if self.named else "",
            "flags": self.flags,
            "same networks as": self.repeats,
        }


def versus(asked: Question) -> None:
    """Print the verdicts on each data set, and a row for every set of tables that has both methods there.

    The set with most test samples is first; of those with as many, that with most seeds. Raises InputError if a
    method, or the pair at this place, is in no set.
    """
    sets = [tables for tables in on_record(asked.place.noise, asked.dataset, asked.experiment) if tables.has_outcomes]
    known = sorted(frozenset().union(*(tables.methods for tables in sets)))
    for method in (asked.left, asked.right):
        if method not in known:
            where = f" that has chips with {asked.place.noise}" if asked.place.noise else ""
            raise InputError(method, f"is in no set of tables{where}", nearest(method, known))
    if asked.left == asked.right:
        raise InputError("versus", f"{asked.left} is given twice", "name two methods")
    compared = list(comparisons(asked, sets))
    if not compared:
        what = f"are in no set of tables together ({asked.place.words})"
        remedy = "networks that send no spikes are not compared; see list experiments"
        if asked.place.noise:
            remedy = elsewhere.instead(asked.place, sets)
        raise InputError(f"{asked.left}, {asked.right}", what, remedy)
    every = [one.cells for one in compared]
    told = [name for name in every[0] if any(row[name] for row in every)]
    print("\n  ".join([f"{asked.left} minus {asked.right}, {asked.place.words}:", *_counted(compared)]), end="\n\n")
    print(aligned([{name: row[name] for name in told} for row in every]))
    notes = [ABOUT, DEPENDENT, STEPS, *([CALIBRATED] if asked.place.noise and asked.place.calibrated else [])]
    print("\n".join(["", *notes]))


class Pair(NamedTuple):
    """Two candidates of a set of tables, by their indices."""

    tables: Tables
    candidates: Candidates
    left: int
    right: int

    @property
    def evidence(self) -> tuple[int, int]:
        """Test samples, seeds."""
        return self.tables.outcomes.samples, int(self.candidates.table.n[self.left])


def comparisons(asked: Question, sets: Sequence[Tables]) -> Iterator[Comparison]:
    """The comparison in each set that has both methods at the place, that of most evidence first."""
    methods = (asked.left, asked.right)
    known = [tables for tables in sets if tables.methods.issuperset(methods)]
    pairs = sorted(filter(None, (_pair(tables, asked) for tables in known)), key=lambda one: one.evidence, reverse=True)
    for k, (tables, candidates, left, right) in enumerate(pairs):
        same, table = repeated(tables, [earlier.tables for earlier in pairs[:k]], methods), candidates.table
        named = _named(tables, asked)
        found = candidates.beside(left, right, LEVEL / (named or 1))
        yield Comparison(tables, table.loc[left], table.loc[right], found, same, named)


def _named(tables: Tables, asked: Question) -> int:
    """How many pairs the experiment names beforehand and has, if it names this one; 0 if it does not."""
    if asked.place != Place(None, 0.0):
        return 0
    named = [{pair.left, pair.right} for pair in tables.experiment.comparisons]
    return sum(pair <= tables.methods for pair in named) if {asked.left, asked.right} in named else 0


def _pair(tables: Tables, asked: Question) -> Pair | None:
    """The pair in a set of tables; None if one of the two is not there at the place."""
    found = tables.candidates(asked.place)
    if found is None:
        return None
    left, right = (_candidate(found, method, asked.place.steps) for method in (asked.left, asked.right))
    return None if left is None or right is None else Pair(tables, found, left, right)


def _treated(side: pd.Series) -> str:
    """The calibrator of a candidate and its targets; empty if there is none."""
    return f"{side.calibrator} {side.targets}".strip()


def _candidate(found: Candidates, method: str, steps: int | None) -> int | None:
    """The candidate of a method with the best mean, by its index: at so many steps, or at those of its training."""
    own = found.table[found.table.method == method]
    own = own[own.steps_eval == (own.trained if steps is None else steps)]
    if own.empty:
        return None
    return int(own.value_test.idxmax() if found.higher else own.value_test.idxmin())


def _counted(compared: Sequence[Comparison]) -> Iterator[str]:
    """Which verdicts there are on each data set, in sets that do not repeat the networks of others."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in compared:
        if not one.repeats:
            dataset = str(one.tables.runs.dataset.iloc[0])
            found.setdefault(dataset, {}).setdefault(one.verdict, []).append(one.tables.name)
    for dataset, own in found.items():
        told = [f"{verdict} ({', '.join(names)})" for verdict, names in own.items()]
        yield f"{dataset}: {'; '.join(told)}"
