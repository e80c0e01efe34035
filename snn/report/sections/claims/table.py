"""Claims of the papers, checked on the rows of an experiment: holds, fails, or not resolved. No torch.

A claim says that, for a column, `left` exceeds `right` by at least `margin` (which may be negative: "comes within").
The difference is taken seed by seed, chips averaged first; its 95 % interval decides: above the margin it holds, below
it fails, else the seeds do not resolve it. Margins are meant for accuracy: values of another metric are not judged.

A claim on a ratio says that, to come within a point of its teacher, `more` needs at least `times` as much as `fewer`.
The steps that were tried bound the ratio from both sides, and the bounds decide; see `steps`.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from snn.config import Claim, Claims, Ratio, Side
from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.sections.steps.table import ratio
from snn.report.statistics import interval

COLUMNS = {
    "claim": Column("", "in words"),
    "source": Column("", "where it is made"),
    "column": Column("", "of runs.csv or steps.csv that it is about"),
    "of": Column("", "difference or ratio"),
    "at_least": Column(METRIC, "what is claimed"),
    "found": Column(METRIC, "mean difference over seeds, or the ratio between fewest steps"),
    "low": Column(METRIC, "lower end of the 95 % interval, or lower bound of the ratio"),
    "high": Column(METRIC, "upper end of the 95 % interval, or upper bound of the ratio"),
    "n": columns.N,
    "verdict": Column("", "holds, fails or not resolved"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return check(inputs.claims, inputs.runs, inputs.table("steps"))


def rows_in_metric(table: pd.DataFrame) -> pd.Series:
    """Differences of outcomes; the others are ratios, or differences of operations."""
    return (table.of == "difference") & table.column.astype(str).str.startswith("value_")


def check(claims: Claims, runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """One row a claim whose methods were run: what was found, its bounds, n, the verdict.

    `runs` and `steps` are those tables; only chosen learning rates speak.
    """
    rows = [*_differences(claims, runs[runs.chosen & (runs.steps_eval == runs.steps)]), *_ratios(claims, steps)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _differences(claims: Claims, runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for claim in claims.claims:
        if claim.column.startswith("value_") and set(runs.metric) != {"accuracy"}:
            continue
        difference = (_values(claim.left, claim.column, runs) - _values(claim.right, claim.column, runs)).dropna()
        if not len(difference):
            continue
        mean, half = difference.mean(), interval(float(difference.std()), len(difference))
        found = {"of": "difference", "at_least": claim.margin, "found": mean, "low": mean - half, "high": mean + half}
        yield _row(claim, found, len(difference))


def _ratios(claims: Claims, steps: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for claim in claims.ratios:
        if {claim.fewer, claim.more} <= set(steps.method) and set(steps.metric) == {"accuracy"}:
            between, least, most = ratio(steps, claim.column, claim.more, claim.fewer)
            found = {"of": "ratio", "at_least": claim.times, "found": between, "low": least, "high": most}
            yield _row(claim, found, int(steps.n.max()))


def _row(claim: Claim | Ratio, found: dict[str, Any], n: int) -> dict[str, Any]:
    verdict = "not resolved"
    if found["low"] >= found["at_least"]:
        verdict = "holds"
    elif found["high"] < found["at_least"]:
        verdict = "fails"
    bounds = {name: found[name] if math.isfinite(found[name]) else None for name in ("found", "low", "high")}
    identity = {"claim": claim.claim, "source": claim.source, "column": claim.column}
    return {**identity, **found, **bounds, "n": n, "verdict": verdict}


def _values(side: Side, column: str, runs: pd.DataFrame) -> pd.Series:
    """The column by seed."""
    rows = runs[(runs.method == side.method) & (runs.condition == side.condition)]
    for field in ("noise", "calibrator", "targets"):
        if getattr(side, field):
            rows = rows[rows[field] == getattr(side, field)]
    if side.condition == "calibrated":
        rows = rows[rows.control.isna()]
    if side.level:
        rows = rows[rows.level == (rows.level.max() if side.level == "highest" else rows.level.min())]
    return rows.groupby("seed")[column].mean()
