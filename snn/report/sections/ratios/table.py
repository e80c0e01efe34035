"""How many times as much one method needs as another: over seeds, with intervals for new seeds. No torch.

Within a point: every seed at the fewest steps, of those tried, at which its network comes within a point of its teacher
on validation data; the median over seeds. Own steps: as trained; the geometric mean. See `snn.report.ratios`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from snn.config import Ratio, Side
from snn.core.columns import Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.pairs import converged, rows_of
from snn.report.ratios import Estimate, Needed, geometric_mean, median
from snn.report.sections.steps.table import needed_by_seed, of_seeds

WITHIN, OWN = "within a point", "own steps"
COLUMNS = {
    "more": columns.RUN["method"],
    "fewer": Column("", "method or teacher ANN that it is divided by"),
    "column": Column("", "of runs.csv: what is divided"),
    "basis": Column(
        "", f"{WITHIN}: the fewest steps that come within a point of the teacher; {OWN}: those trained with"
    ),
    "n": Column("pairs", "seeds in which both converged; within a point also their teachers"),
    "diverged": Column("seeds", "in which one of these did not; left out"),
    "ratio": Column("ratio", f"more over fewer: median over pairs {WITHIN}, geometric mean at {OWN}"),
    "low": Column("ratio", "lower end of its 95 % interval for new seeds; empty without a bound"),
    "high": Column("ratio", "upper end of that interval; empty without a bound"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return compare(inputs.runs, inputs.spiking, pairs(inputs.spiking, inputs.asked, inputs.claims.ratios))


def pairs(
    spiking: Mapping[str, str], asked: Sequence[tuple[str, str]], claims: Sequence[Ratio]
) -> list[tuple[str, str]]:
    """The pairs of spiking methods to compare, each once: as claims name them, then as the experiment asks for them."""
    found = dict.fromkeys((claim.more, claim.fewer) for claim in claims)
    found |= dict.fromkeys(pair for pair in asked if pair[::-1] not in found)
    return [pair for pair in found if set(pair) <= set(spiking)]


def compare(runs: pd.DataFrame, teachers: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """The table: for each pair all costs, for each method in `teachers` its energy over that of its teacher."""
    rows = list(_within(runs, teachers, pairs))
    rows += [_at_own_steps(runs, *pair, column) for pair in pairs for column in ("acs", "energy_nj")]
    rows += [_at_own_steps(runs, *pair, "energy_nj") for pair in teachers.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(["ratio", "low", "high"], float))


def _within(
    runs: pd.DataFrame, teachers: Mapping[str, str], pairs: Sequence[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    """The rows within a point; none with another metric than accuracy."""
    rows = of_seeds(runs, teachers)
    for more, fewer in pairs if set(runs.metric) == {"accuracy"} else ():
        seeds = set(runs.seed[runs.method == more]) & set(runs.seed[runs.method == fewer])
        for column in ("steps_eval", "acs", "energy_nj"):
            sides = [needed_by_seed(rows[rows.method == method], column) for method in (more, fewer)]
            both = sides[0].index.intersection(sides[1].index)
            needs, other = (Needed(*side.loc[both].to_numpy().T) for side in sides)
            yield _row((more, fewer), column, WITHIN, len(both), len(seeds) - len(both), median(needs, other))


def _at_own_steps(runs: pd.DataFrame, more: str, fewer: str, column: str) -> dict[str, Any]:
    sides = [rows_of(Side(method=method), runs) for method in (more, fewer)]
    both = sorted(converged(sides[0]) & converged(sides[1]))
    diverged = len(set(sides[0].seed) & set(sides[1].seed)) - len(both)
    costs = [side.set_index("seed")[column].loc[both].to_numpy(float) for side in sides]
    return _row((more, fewer), column, OWN, len(both), diverged, geometric_mean(*costs))


def _row(pair: tuple[str, str], column: str, basis: str, n: int, diverged: int, found: Estimate) -> dict[str, Any]:
    low, high = found.interval
    bounds = {"low": low if low > 0 else None, "high": high if high < float("inf") else None}
    names = {"more": pair[0], "fewer": pair[1], "column": column, "basis": basis, "n": n, "diverged": diverged}
    return {**names, "ratio": found.ratio, **bounds}
