"""Claims of the papers, read off the comparisons and steps of an experiment: holds, fails, or not resolved. No torch.

A claim on a difference points at a row of comparisons.csv and a margin: a column of `left` is at least `margin` above
that of `right`; a negative margin allows `left` to be below. Nothing is computed here, so that a claim cannot
contradict its comparison: it holds if the whole interval of that row is at or above the margin, and fails if it is
below. Margins of outcomes are accuracies, so such claims are not checked with another metric.

A claim on a ratio: to come within a point of its teacher, `more` needs at least `times` as much as `fewer`. The steps
that were tried give a lower and an upper bound of the ratio, which decide like an interval; see `steps`.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from snn.config import Claim, Claims, Ratio
from snn.core.columns import METRIC, Column
from snn.report import columns, verdicts
from snn.report.inputs import Inputs
from snn.report.intervals import Interval
from snn.report.pairs import OUTCOME
from snn.report.sections.comparisons.table import described
from snn.report.sections.steps.table import ratio

COLUMNS = {
    "claim": Column("", "in words"),
    "source": Column("", "where it is made"),
    "column": Column("", "of runs.csv or steps.csv that it is about"),
    "of": Column("", "difference or ratio"),
    "at_least": Column(METRIC, "smallest difference or ratio that the claim allows"),
    "found": Column(METRIC, "mean difference over seeds, or the ratio between fewest steps"),
    "low": Column(METRIC, "lower end of the interval in comparisons.csv, or lower bound of the ratio"),
    "high": Column(METRIC, "upper end of it, or upper bound of the ratio"),
    "n": columns.N,
    "verdict": Column("", "holds, fails, not resolved; or not tested, and why"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return check(inputs.claims, inputs.table("comparisons"), inputs.table("steps"))


def rows_in_metric(table: pd.DataFrame) -> pd.Series:
    """The rows with differences of outcomes; others are ratios, or differences of operations."""
    return (table.of == "difference") & (table.column.astype(str) == OUTCOME)


def check(claims: Claims, comparisons: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """One row per claim whose methods were run: what was found, its bounds, n, the verdict.

    `comparisons` and `steps` are the tables of those sections.
    """
    rows = [*_differences(claims, comparisons), *_ratios(claims, steps)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _differences(claims: Claims, comparisons: pd.DataFrame) -> Iterator[dict[str, Any]]:
    pairs = comparisons.to_dict("records")
    for claim in claims.claims:
        left, right = ((side.method, described(side)) for side in (claim.left, claim.right))
        for row in pairs:
            sides = (row["left"], row["left_on"]), (row["right"], row["right_on"])
            checked = claim.column != OUTCOME or row["metric"] == "accuracy"
            if checked and row["column"] == claim.column and set(sides) == {left, right}:
                yield _difference(claim, row, 1 if sides == (left, right) else -1)


def _difference(claim: Claim, row: dict[str, Any], sign: int) -> dict[str, Any]:
    ends = sorted((sign * _end(row["low"], -math.inf), sign * _end(row["high"], math.inf)))
    found = {"of": "difference", "at_least": claim.margin, "found": sign * row["difference"]}
    diverged = row["diverged_left"] + row["diverged_right"]
    verdict = verdicts.tested(verdicts.of_claim(Interval(*ends), claim.margin), row["n"], diverged)
    return _row(claim, {**found, "low": ends[0], "high": ends[1]}, row["n"], verdict)


def _ratios(claims: Claims, steps: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for claim in claims.ratios:
        if {claim.fewer, claim.more} <= set(steps.method) and set(steps.metric) == {"accuracy"}:
            between, least, most = ratio(steps, claim.column, claim.more, claim.fewer)
            found = {"of": "ratio", "at_least": claim.times, "found": between, "low": least, "high": most}
            own = steps[steps.method.isin([claim.more, claim.fewer])]
            n = int(own.n.min())
            verdict = verdicts.tested(verdicts.of_claim(Interval(least, most), claim.times), n, int(own.diverged.max()))
            yield _row(claim, found, n, verdict)


def _row(claim: Claim | Ratio, found: dict[str, Any], n: int, verdict: str) -> dict[str, Any]:
    bounds = {name: found[name] if math.isfinite(found[name]) else None for name in ("found", "low", "high")}
    identity = {"claim": claim.claim, "source": claim.source, "column": claim.column}
    return {**identity, **found, **bounds, "n": n, "verdict": verdict}


def _end(value: float | None, otherwise: float) -> float:
    return otherwise if value is None or pd.isna(value) else value
