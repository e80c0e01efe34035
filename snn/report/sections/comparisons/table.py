"""Two sides, compared by pairs of runs with the same seed: one interval per pair, from which all verdicts are read.

    d_s = value_left(s) - value_right(s)        mean and sd over the n seeds s in which neither side diverged

The interval holds for new seeds and new test samples, see `snn.report.intervals`. Verdicts on the primary pairs of an
experiment are at the level 0.05 / m, for m of them, so that any of them is wrong in one experiment of twenty; all
others are at 0.05, uncorrected. Test data decide. The difference on validation data is added, but is optimistic: epochs
were chosen on it. No torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from snn.config import Claim, Side
from snn.core.columns import METRIC, Column
from snn.evaluation.outcomes import Outcomes
from snn.report import columns, verdicts
from snn.report.inputs import Inputs
from snn.report.intervals import LEVEL, Estimate
from snn.report.pairs import OUTCOME, Difference, Pair, Rows, difference

COLUMNS = {
    "left": Column("", "method"),
    "left_on": Column("", "its condition; of chips their noise, level and calibration; minus clean: a change"),
    "right": Column("", "method it is compared with"),
    "right_on": Column("", "its condition"),
    "column": Column("", "of runs.csv that is compared"),
    "unit": columns.UNIT,
    "family": Column(
        "", "primary, secondary: in the experiment; teacher: a method with its teacher; claim: a claim names the pair"
    ),
    "steps_left": Column("steps", "of the left method"),
    "lr_left": Column("", "learning rate of the left method; empty if nothing is trained"),
    "diverged_left": Column("seeds", "of the left method that diverged"),
    "steps_right": Column("steps", "of the right method"),
    "lr_right": Column("", "learning rate of the right method; empty if nothing is trained"),
    "diverged_right": Column("seeds", "of the right method that diverged"),
    **columns.of_runs(["metric"]),
    "direction": Column("", "whether higher or lower values of `column` are better"),
    "n": Column("pairs", "seeds in which neither side diverged"),
    "difference": Column(METRIC, "left minus right on test data: mean over pairs"),
    "sd": Column(METRIC, "standard deviation of the differences over pairs"),
    "ci95": Column(METRIC, "half the 95 % interval of the mean difference, for new seeds and new test samples"),
    "ci95_seeds": Column(METRIC, "the same for new seeds and these test samples; decides nothing"),
    "samples": Column("samples", "of test data; empty for other columns than outcomes"),
    "se_seeds": Column(METRIC, "standard error of the mean difference by seeds"),
    "se_samples": Column(METRIC, "standard error by test samples, what depends on both included"),
    "se_rest": Column(METRIC, "standard error by what depends on both"),
    "level": Column(
        "probability",
        "with which the interval of the verdict misses, not a level of noise: 0.05, of primary pairs over their number",
    ),
    "low": Column(METRIC, "lower end of that interval"),
    "high": Column(METRIC, "upper end of that interval"),
    "detectable": Column(METRIC, "true difference that such an interval resolves in 80 % of repetitions, about"),
    "seeds_for_a_point": Column(
        "seeds", "that resolve a true point in 80 % of repetitions; empty: none up to 1,000 do, or unknown"
    ),
    "val_difference": Column(METRIC, "left minus right on validation data: mean over pairs"),
    "better": Column("", "the better side, if the interval excludes 0"),
    "verdict": Column("", "the result in words"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return compare(inputs.runs, inputs.outcomes, pairs(inputs.families, inputs.claims.claims))


def rows_in_metric(table: pd.DataFrame) -> pd.Series:
    """The rows that compare outcomes; others compare operations or energy."""
    return table.column.astype(str) == OUTCOME


def pairs(families: Mapping[str, Sequence[tuple[str, str]]], claims: Sequence[Claim] = ()) -> list[Pair]:
    """The pairs to compare, each once, in the first family that has it: those of `families`, among which are all
    methods with their teachers, then those that claims point at.
    """
    methods = {method for pair in families["teacher"] for method in pair}
    named = [
        (Side(method=left), Side(method=right), OUTCOME, family)
        for family, own in families.items()
        for left, right in own
    ]
    named += [(claim.left, claim.right, claim.column, "claim") for claim in claims]
    found: dict[object, Pair] = {}
    for pair in (Pair(*one) for one in named):
        sides = frozenset((pair.left.model_dump_json(), pair.right.model_dump_json()))
        if {pair.left.method, pair.right.method} <= methods:
            found.setdefault((sides, pair.column), pair)
    return list(found.values())


def compare(runs: pd.DataFrame, outcomes: Outcomes, pairs: Sequence[Pair]) -> pd.DataFrame:
    """One row per pair of which both sides were run, in the given order."""
    sides = [(pair, Rows.of(pair.left, runs), Rows.of(pair.right, runs)) for pair in pairs]
    here = [(pair, left, right) for pair, left, right in sides if left.found and right.found]
    primary = sum(pair.family == "primary" for pair, *_ in here)
    rows = [
        _row(pair, left, right, outcomes, LEVEL / primary if pair.family == "primary" else LEVEL)
        for pair, left, right in here
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def described(side: Side) -> str:
    """The condition of a side in words."""
    steps, change = f"{side.steps} steps" if side.steps else None, "minus clean" if side.minus_clean else None
    parts = (side.condition, side.noise, side.level, side.calibrator, side.targets, steps, change)
    return " ".join(filter(None, parts))


def estimate(row: Mapping[str, Any]) -> Estimate | None:
    """The estimate that a row of the table holds; None for one seed.

    Of other columns than outcomes, seeds alone vary.
    """
    if row["n"] < 2:
        return None
    by_seeds, by_samples, rest = (row[name] ** 2 for name in ("se_seeds", "se_samples", "se_rest"))
    samples = 0 if pd.isna(row["samples"]) else int(row["samples"])
    grain = 1 / samples if samples and row["metric"] == "accuracy" else 0.0
    return Estimate(row["difference"], row["n"], samples, by_seeds, by_samples, rest, grain)


def _row(pair: Pair, left: Rows, right: Rows, outcomes: Outcomes, level: float) -> dict[str, Any]:
    found = difference(left, right, outcomes, pair.column)
    interval = found.interval(level)
    row = {
        "left": pair.left.method,
        "left_on": described(pair.left),
        "right": pair.right.method,
        "right_on": described(pair.right),
        "column": pair.column,
        "unit": columns.unit_of(pair.column, left.rows.metric.iloc[0]),
        "family": pair.family,
        **{
            f"{column}_{name}": value
            for name, side in (("left", left.rows), ("right", right.rows))
            for column, value in (
                ("steps", side.steps.iloc[0]),
                ("lr", side.lr.iloc[0] if side.epochs.any() else None),  # a conversion has none
                ("diverged", side.seed[side.status == "diverged"].nunique()),
            )
        },
        "metric": left.rows.metric.iloc[0],
        "direction": left.rows.direction.iloc[0] if pair.column == OUTCOME else "lower",  # energy, operations
        "n": len(found.seeds),
        "difference": found.mean,
        "sd": found.sd,
        "ci95": found.interval().half,
        "ci95_seeds": found.over_seeds() if pair.column == OUTCOME else None,
        **_standard_errors(found),
        "level": level,
        "low": interval.low,
        "high": interval.high,
        "val_difference": _on_validation(left, right, found.seeds) if pair.column == OUTCOME else None,
    }
    known = estimate(row) if pair.column == OUTCOME else None
    row["detectable"] = known.detectable(level) if known else None
    within = verdicts.margin(row["metric"]) if pair.column == OUTCOME else None
    row["seeds_for_a_point"] = known.seeds_for(within, level) if known and within else None
    higher = row["direction"] == "higher"
    advantage = verdicts.of_pair(interval.advantage(higher), within)
    better = {"better": pair.left.method, "worse": pair.right.method}.get(advantage) if len(found.seeds) > 1 else None
    words = f"{better} is better" if better else advantage
    verdict = verdicts.tested(words, row["n"], row["diverged_left"] + row["diverged_right"])
    ends = {name: row[name] if abs(row[name]) < float("inf") else None for name in ("low", "high")}
    return {**row, **ends, "better": better, "verdict": verdict}


def _on_validation(left: Rows, right: Rows, seeds: Sequence[int]) -> float:
    """The mean difference on validation data over the pairs."""
    sides = [side.values("value_val").loc[list(seeds)] for side in (left, right)]
    return float((sides[0] - sides[1]).mean())


def _standard_errors(found: Difference) -> dict[str, float | None]:
    known, n = found.estimate, len(found.seeds)
    if known is None:
        by_seeds = found.sd / n**0.5 if n else float("nan")
        return {"samples": None, "se_seeds": by_seeds, "se_samples": 0.0, "se_rest": 0.0}
    errors = {"se_seeds": known.by_seeds, "se_samples": known.by_samples, "se_rest": known.rest}
    return {"samples": known.samples, **{name: variance**0.5 for name, variance in errors.items()}}
