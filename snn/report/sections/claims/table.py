"""Claims of the papers, read off the comparisons and ratios of an experiment: holds, fails, or not resolved. No torch.

A claim on a difference points at a row of comparisons.csv and a margin: a column of `left` is at least `margin` above
that of `right`; a negative margin allows `left` to be below. Nothing is computed here, so that a claim cannot
contradict its comparison: it holds if the whole interval of that row is at or above the margin, and fails if it is
below. Claims on outcomes are checked in experiments with their metric, and only on their data sets if they name some.
An unresolved one tells how many seeds would resolve the distance from what was found to its margin.

A claim on a ratio points at a row of ratios.csv in the same way: to come within a point of its teacher, `more` needs
at least `times` as much as `fewer`. Where nothing bounds the ratio, its interval is open.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from snn.config import Claim, Claims, Ratio
from snn.core.columns import METRIC, Column
from snn.report import columns, verdicts
from snn.report.inputs import Inputs
from snn.report.intervals import MOST_SEEDS, Interval
from snn.report.pairs import OUTCOME
from snn.report.sections.comparisons.table import described, estimate
from snn.report.sections.ratios.table import WITHIN

COLUMNS = {
    "claim": Column("", "in words"),
    "source": Column("", "where it is made"),
    "column": Column("", "of runs.csv that it is about"),
    "of": Column("", "difference or ratio"),
    "metric": columns.RUN["metric"],
    "unit": columns.UNIT,
    "at_least": Column(METRIC, "smallest difference or ratio that the claim allows"),
    "found": Column(METRIC, "mean difference over seeds, or median ratio at the fewest steps of each seed"),
    "low": Column(METRIC, "lower end of the interval in comparisons.csv or ratios.csv; empty without a bound"),
    "high": Column(METRIC, "upper end of it; empty without a bound"),
    "n": columns.N,
    "verdict": Column("", "holds, fails, not resolved; or not tested, and why"),
    "needs": Column("", "what would resolve it in 80 % of repetitions; empty if it is resolved"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return check(inputs.claims, inputs.table("comparisons"), inputs.table("ratios"), inputs.experiment.dataset)


def rows_in_metric(table: pd.DataFrame) -> pd.Series:
    """The rows with differences of outcomes; others are ratios, or differences of operations."""
    return (table.of == "difference") & (table.column.astype(str) == OUTCOME)


def check(claims: Claims, comparisons: pd.DataFrame, ratios: pd.DataFrame, dataset: str = "") -> pd.DataFrame:
    """One row per claim whose methods were run: what was found, its bounds, n, the verdict, what it needs.

    `comparisons` and `ratios` are the tables of those sections, `dataset` is the one of the experiment.
    """
    rows = [*_differences(claims, comparisons, dataset), *_ratios(claims, ratios)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _differences(claims: Claims, comparisons: pd.DataFrame, dataset: str) -> Iterator[dict[str, Any]]:
    pairs = comparisons.to_dict("records")
    for claim in claims.claims:
        if claim.datasets and dataset not in claim.datasets:
            continue
        left, right = ((side.method, described(side)) for side in (claim.left, claim.right))
        for row in pairs:
            sides = (row["left"], row["left_on"]), (row["right"], row["right_on"])
            checked = claim.column != OUTCOME or row["metric"] == claim.metric
            if checked and row["column"] == claim.column and set(sides) == {left, right}:
                yield _difference(claim, row, 1 if sides == (left, right) else -1)


def _difference(claim: Claim, row: dict[str, Any], sign: int) -> dict[str, Any]:
    ends = sorted((sign * _end(row["low"], -math.inf), sign * _end(row["high"], math.inf)))
    found = {
        "of": "difference",
        "metric": row["metric"],
        "unit": row["unit"],
        "at_least": claim.margin,
        "found": sign * row["difference"],
    }
    diverged = row["diverged_left"] + row["diverged_right"]
    verdict = verdicts.tested(verdicts.of_claim(Interval(*ends), claim.margin), row["n"], diverged)
    needs = _needs(row, claim.margin - sign * row["difference"]) if ends[0] < claim.margin <= ends[1] else ""
    return _row(claim, {**found, "low": ends[0], "high": ends[1], "needs": needs}, row["n"], verdict)


def _needs(row: dict[str, Any], distance: float) -> str:
    """What resolves a claim whose margin is at this distance from what was found, with the spreads seen."""
    known = estimate(row)
    if known is None:
        return "more seeds"
    if seeds := known.seeds_for(distance, row["level"]):
        return f"{seeds} seeds"
    return "more test samples" if known.samples else f"more than {MOST_SEEDS} seeds"


def _ratios(claims: Claims, ratios: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows = ratios[ratios.basis == WITHIN].to_dict("records")
    for claim in claims.ratios:
        for row in rows:
            if (row["more"], row["fewer"], row["column"]) == (claim.more, claim.fewer, claim.column):
                found = {"of": "ratio", "unit": "times", "at_least": claim.times, "found": row["ratio"]}
                verdict = verdicts.of_claim(Interval(_end(row["low"], 0.0), _end(row["high"], math.inf)), claim.times)
                verdict = verdicts.tested(verdict, row["n"], row["diverged"])
                yield _row(claim, {**found, "low": row["low"], "high": row["high"]}, row["n"], verdict)


def _row(claim: Claim | Ratio, found: dict[str, Any], n: int, verdict: str) -> dict[str, Any]:
    bounds = {name: found[name] if math.isfinite(found[name]) else None for name in ("found", "low", "high")}
    identity = {"claim": claim.claim, "source": claim.source, "column": claim.column}
    return {**identity, **found, **bounds, "n": n, "verdict": verdict}


def _end(value: float | None, otherwise: float) -> float:
    return otherwise if value is None or pd.isna(value) else value
