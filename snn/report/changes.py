"""What moved between two versions of a table of runs, cell by cell. No torch.

A cell is the mean of one method under one condition at one number of steps. Both versions are compared by pairs of the
same seed on the same test samples, with one interval at the level 0.05 / m for m cells, so that any cell is called
moved without reason in one comparison of twenty. Without shared seeds and samples the difference of two independent
means is taken, with both intervals.

    identical      the same value for every seed, and for every sample where these are shared
    within         other values, but the interval of the difference holds 0
    moved          it does not
    appeared, vanished      the cell is in one version only
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from snn.evaluation.outcomes import Outcomes
from snn.report.intervals import LEVEL, Interval, estimate
from snn.report.pairs import OUTCOME, by_seed
from snn.report.select import trainings

CELL = ["method", "steps", "steps_eval", "condition", "noise", "level", "calibrator", "targets", "control"]
IDENTICAL, WITHIN, MOVED, APPEARED, VANISHED = STATES = ("identical", "within", "moved", "appeared", "vanished")


class Version(NamedTuple):
    """Rows of runs.csv with the outcomes of their samples, and costs.csv, which tells what made each run."""

    runs: pd.DataFrame
    outcomes: Outcomes
    costs: pd.DataFrame


class Source(NamedTuple):
    """What made the runs of a cell: digests, commits, machines, versions of libraries, sums of the data."""

    digests: frozenset[str]
    commits: frozenset[str]
    machines: frozenset[str]
    versions: frozenset[str]
    data: frozenset[str]


def changes(old: Version, new: Version) -> pd.DataFrame:
    """A row per cell: its columns, `old`, `new`, `difference`, `low`, `high`, `seeds` (shared) and `state`."""
    before, after = _cells(old.runs), _cells(new.runs)
    keys = list(dict.fromkeys((*before, *after)))
    level = LEVEL / max(1, len(before.keys() & after.keys()))
    rows = [_row(key, before.get(key), after.get(key), old, new, level) for key in keys]
    return pd.DataFrame(rows, columns=[*CELL, "old", "new", "difference", "low", "high", "seeds", "state"])


def source(version: Version, cell: pd.Series) -> Source:
    """What made the runs of a cell, in one version."""
    return _source(version, _cells(version.runs)[_key(cell)])


def all_sources(version: Version) -> Source:
    """What made all runs of a version."""
    return _source(version, version.runs)


def _source(version: Version, rows: pd.DataFrame) -> Source:
    digests = frozenset(rows.digest)
    made = trainings(version.costs, digests)
    parents = (dict(part.split("=", 1) for part in text.split()) for text in made.parents)
    data = frozenset(found["data"] for found in parents if "data" in found)
    return Source(digests, frozenset(made.commit), frozenset(made.machine.dropna()), frozenset(made.versions), data)


def _cells(runs: pd.DataFrame) -> dict[tuple[object, ...], pd.DataFrame]:
    return {_key(own.iloc[0]): own for _, own in runs.groupby(CELL, sort=False, dropna=False)}


def _key(row: pd.Series) -> tuple[object, ...]:
    return tuple(None if pd.isna(row[name]) else row[name] for name in CELL)


def _row(
    key: tuple[object, ...],
    before: pd.DataFrame | None,
    after: pd.DataFrame | None,
    old: Version,
    new: Version,
    level: float,
) -> dict[str, object]:
    row = dict(zip(CELL, key, strict=True))
    values = {
        name: None if rows is None else rows.groupby("seed")[OUTCOME].mean().mean()
        for name, rows in (("old", before), ("new", after))
    }
    if before is None or after is None:
        return {**row, **values, "state": APPEARED if before is None else VANISHED}
    seeds = tuple(sorted(set(before.seed) & set(after.seed)))
    difference, interval, same = _difference(before, after, old, new, seeds, level)
    state = IDENTICAL if same else MOVED if not interval.low <= 0 <= interval.high else WITHIN
    ends = {"low": interval.low, "high": interval.high}
    return {**row, **values, "difference": difference, **ends, "seeds": len(seeds), "state": state}


def _difference(
    before: pd.DataFrame, after: pd.DataFrame, old: Version, new: Version, seeds: tuple[int, ...], level: float
) -> tuple[float, Interval, bool]:
    """New minus old with its interval, and whether nothing differs."""
    if seeds and old.outcomes.samples == new.outcomes.samples and set(before.dataset) == set(after.dataset):
        d_SN = by_seed(after, seeds, new.outcomes) - by_seed(before, seeds, old.outcomes)
        found = estimate(d_SN, new.outcomes.binary)
        return found.mean, found.interval(level), not d_SN.any() and set(before.seed) == set(after.seed)
    apart = [
        estimate(by_seed(rows, tuple(sorted(set(rows.seed))), version.outcomes), version.outcomes.binary)
        for rows, version in ((before, old), (after, new))
    ]
    difference = apart[1].mean - apart[0].mean
    half = sum(found.half(level) ** 2 for found in apart) ** 0.5
    return difference, Interval(difference - half, difference + half), False


def counts(table: pd.DataFrame) -> dict[str, int]:
    """How many cells are in each state."""
    found = table.state.value_counts()
    return {state: int(found.get(state, 0)) for state in STATES}


def ordered(table: pd.DataFrame) -> Iterator[pd.Series]:
    """The cells that are not identical, those that moved first, the largest difference first."""
    rank = table.state.map({MOVED: 0, VANISHED: 1, APPEARED: 2, WITHIN: 3})
    size = -table.difference.astype(float).abs()
    order = table.assign(rank=rank, size=size).sort_values(["rank", "size"], kind="stable").index
    yield from (table.loc[i] for i in order if table.state[i] != IDENTICAL)
