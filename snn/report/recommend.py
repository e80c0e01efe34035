"""Which rule for a chip: the best candidate of every rule within bounds, ranked, from collected tables. No torch.

A candidate is a rule at a number of steps, on calibrated chips with a calibrator and its targets. For a rule stands the
candidate at the steps that it was trained with, if that is within the bounds, as in reports. Else, and among several
calibrators, the one with the best mean on test data does; of equal ones that which needs less energy. Rules are ranked
by these means, and compared with the first one by pairs, see `candidates`. Choosing on the data that tell the result
makes means a little too high, which intervals do not hold; the command recommend and the page say so. They show the
same cells.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.config import Energy
from snn.energy import prices
from snn.report.candidates import FIRST, Beside, Candidates
from snn.report.metric import SHOWN, Metric
from snn.report.verdicts import EQUIVALENT, NOT_RESOLVED, margin

ROUNDING = 1e-9  # means that are a margin apart, to rounding, are within it
SHOWN_COLUMNS = {  # of the table that is shown, with their meanings
    "rule": "method",
    "T": "steps of the inference",
    "calibrator": "how the chip was calibrated, and what it imitated: its own clean network or the teacher",
    "test": "mean over seeds and chips, on test data",
    "95 % interval": "of that mean, for new seeds, chips and test samples",
    "one chip": "one new chip of one new network is no worse in 95 % of cases",
    "energy nJ": "of one inference, under the chosen energy table",
    "behind": "mean minus that of the first row, seed by seed on the same chips, with its 95 % interval",
    "verdict": "of that interval, uncorrected: worse or better than the first row, equivalent within a point, or not"
    " resolved",
    "trained at T": "steps that the network was trained with; *: it would do better if trained with those in column T",
}


class Bounds(NamedTuple):
    """What a candidate has to keep: one of these numbers of steps (none: any), at most so many, at most so many nJ."""

    steps: tuple[int, ...] = ()
    most_steps: float = math.inf
    most_nj: float = math.inf

    def steps_hold(self, table: pd.DataFrame) -> pd.Series:
        """Which candidates have such steps."""
        wanted = table.steps_eval.isin(self.steps) if self.steps else True
        return (table.steps_eval <= self.most_steps) & wanted

    def hold(self, table: pd.DataFrame) -> pd.Series:
        """Which candidates with prices keep all bounds."""
        return self.steps_hold(table) & (table.energy_nj <= self.most_nj)


ANY = Bounds()


class Ranking(NamedTuple):
    """The candidates of a set of tables within bounds, with prices. Columns of rows that are compared: those of
    `Candidates.table`, `energy_nj`, `low`, `high`, `one_chip`, and those of `Beside`, to the first rule.

    `rules`: one candidate per rule, the best mean first. `least`: of rules without any within the bounds on energy, the
    candidate that needs the least, by energy. `cheaper`: of the candidates that need less energy than the first rule
    and are equivalent to it, the one that needs the least; if there are none, of those whose means are within the
    margin and that are not worse; compared. `elsewhere`: the candidate with the best mean at any number of steps, if
    that mean is better than the first rule's; compared, if there is a first.
    """

    rules: pd.DataFrame
    least: pd.DataFrame
    cheaper: pd.Series | None
    elsewhere: pd.Series | None

    @property
    def first(self) -> int | None:
        """The candidate that is first, if any is within the bounds."""
        return None if self.rules.empty else int(self.rules.index[0])


def ranked(found: Candidates, energy: Energy, bounds: Bounds = ANY) -> Ranking:
    """The ranking within bounds."""
    table = in_order(found, energy)
    within = table[bounds.hold(table)]
    own = _of_rules(within)
    first = None if own.empty else own.iloc[0]
    others = table[bounds.steps_hold(table) & ~table.method.isin(within.method)]
    least = others.sort_values("energy_nj", kind="stable").drop_duplicates("method")
    anywhere = table[table.energy_nj <= bounds.most_nj]
    return Ranking(
        compared(found, own, None if first is None else int(first.name)),
        least,
        None if first is None else _cheaper(found, within, first),
        _elsewhere(found, first, anywhere.head(1)),
    )


def every(found: Candidates, energy: Energy, bounds: Bounds, first: int) -> pd.DataFrame:
    """All candidates within bounds, compared: the one that is first at the top, then the best mean first."""
    table = in_order(found, energy)
    within = table[bounds.hold(table)]
    return compared(found, within.loc[[first, *within.index.drop(first)]], first)


def chosen(found: Candidates, energy: Energy, bounds: Bounds = ANY) -> pd.DataFrame:
    """The candidate of every rule within bounds, with prices, the best mean first."""
    table = in_order(found, energy)
    return _of_rules(table[bounds.hold(table)])


def rules(found: Candidates, energy: Energy) -> pd.DataFrame:
    """The rules of a ranking without bounds, which has no other parts."""
    table = chosen(found, energy)
    return compared(found, table, None if table.empty else int(table.index[0]))


def _of_rules(within: pd.DataFrame) -> pd.DataFrame:
    """The candidate of every rule, of candidates in order: the best at the steps of its training, if there is one."""
    own = within[within.steps_eval == within.trained].drop_duplicates("method")
    others = within[~within.method.isin(own.method)].drop_duplicates("method")
    return within[within.index.isin([*own.index, *others.index])]


def in_order(found: Candidates, energy: Energy) -> pd.DataFrame:
    """The candidates with prices, the best mean first, of equal means the least energy."""
    table = priced(found.table, energy)
    return table.sort_values(["value_test", "energy_nj"], ascending=[not found.higher, True], kind="stable")


def priced(table: pd.DataFrame, energy: Energy) -> pd.DataFrame:
    """Rows with the energy of an inference under a convention, `energy_nj`."""
    return table.assign(energy_nj=[float(prices.energy_nj(row, energy)) for row in table.itertuples()])


def compared(found: Candidates, table: pd.DataFrame, first: int | None) -> pd.DataFrame:
    """Candidates with their intervals, and beside the one that is first; if none is, without difference and verdict."""
    alone = Beside(math.nan, math.nan, math.nan, "")
    rows = [
        {**found.interval(i), **(alone if first is None else found.beside(i, first))._asdict()}
        for i in map(int, table.index)
    ]
    return table.join(pd.DataFrame(rows, table.index)).assign(metric=found.metric)


def cells(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a ranking as they are shown, by `SHOWN_COLUMNS`."""
    metric = SHOWN[table.metric.iloc[0]]
    return [
        {
            "rule": row.method,
            "T": f"{row.steps_eval}",
            "calibrator": " ".join(filter(None, (row.calibrator, row.targets))) or "-",
            "test": metric.value(row.value_test),
            "95 % interval": span(metric, row.low, row.high),
            "one chip": "-" if pd.isna(row.one_chip) else metric.value(row.one_chip),
            "energy nJ": f"{row.energy_nj:,.1f}",
            "behind": "-" if row.verdict == FIRST else apart(metric, row.behind, row.behind_low, row.behind_high),
            "verdict": row.verdict,
            "trained at T": f"{row.trained}{' *' if row.extrapolated else ''}",
        }
        for row in table.itertuples()
    ]


def span(metric: Metric, low: float, high: float) -> str:
    """An interval as text, within what is possible."""
    return f"{metric.value(max(low, 0))} to {metric.value(min(high, metric.most / metric.factor))}"


def apart(metric: Metric, behind: float, low: float, high: float) -> str:
    """A difference with its interval as text; without it where there is none."""
    ends = f" ({_end(metric, low)} to {_end(metric, high)})" if math.isfinite(high - low) else ""
    return f"{metric.difference(behind)}{ends}" if math.isfinite(behind) else "-"


def _end(metric: Metric, end: float) -> str:
    """An end of an interval with its sign; one that would be rounded to 0 has the first digit that is not."""
    return f"{'-' if end < 0 else '+'}{size(metric, abs(end))}"


def size(metric: Metric, value: float) -> str:
    """A number that is not negative, with more digits than others have if these would show 0."""
    told = metric.value(value)
    return told if float(told) or not value else f"{metric.factor * value:.1g}"


def firsts(found: Candidates, energies: Sequence[Energy], bounds: Sequence[Bounds]) -> set[int]:
    """The candidates that are first within some bound on energy, beside bounds on steps, under some convention."""
    tables = [in_order(found, energy) for energy in energies]
    return {i for table in tables for bound in bounds for i in _frugal(table[bound.steps_hold(table)])}


def _frugal(table: pd.DataFrame) -> Iterator[int]:
    """Of candidates in order, those that are first within some bound on energy; it grows from one candidate's need to
    the next. `places`: the candidates of a rule within the bound, those at other steps and those at its own.
    """
    at_own = (table.steps_eval == table.trained).tolist()
    places: dict[str, tuple[list[int], list[int]]] = {method: ([], []) for method in table.method}
    index, methods, needs = table.index.tolist(), table.method.tolist(), table.energy_nj.tolist()
    by_need = sorted(range(len(table)), key=needs.__getitem__)
    for k, place in enumerate(by_need):
        places[methods[place]][at_own[place]].append(place)
        if k + 1 == len(by_need) or needs[by_need[k + 1]] > needs[place]:
            yield index[min(min(own or others) for others, own in places.values() if own or others)]


def _cheaper(found: Candidates, within: pd.DataFrame, first: pd.Series) -> pd.Series | None:
    """See `Ranking`."""
    far = margin(found.metric)
    if far is None or first.n < 2:
        return None
    near = (within.value_test - first.value_test).abs() <= far + ROUNDING
    able = within[near & (within.energy_nj < first.energy_nj)].sort_values("energy_nj", kind="stable")
    verdicts = {int(i): found.beside(int(i), int(first.name)).verdict for i in able.index}
    for kind in (EQUIVALENT, NOT_RESOLVED, "better"):
        for i, verdict in verdicts.items():
            if verdict.startswith(kind):
                return compared(found, able.loc[[i]], int(first.name)).iloc[0]
    return None


def _elsewhere(found: Candidates, first: pd.Series | None, best: pd.DataFrame) -> pd.Series | None:
    """See `Ranking`; `best`: the best candidate at any number of steps."""
    if best.empty or (first is not None and best.value_test.iloc[0] == first.value_test):
        return None
    return compared(found, best, None if first is None else int(first.name)).iloc[0]
