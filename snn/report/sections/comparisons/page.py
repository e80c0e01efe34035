"""comparisons.md: pairs of methods, seed by seed, with the intervals that verdicts are read off."""

from typing import Any

import pandas as pd

from snn.report import flags
from snn.report.canvas import MARK
from snn.report.inputs import Inputs
from snn.report.intervals import LEVEL
from snn.report.markdown import table
from snn.report.metric import Metric
from snn.report.pairs import OUTCOME

TITLES = {
    "primary": "Primary",
    "secondary": "Secondary, uncorrected",
    "teacher": "With the teacher, uncorrected",
    "claim": "What claims point at, uncorrected",
}


def page(inputs: Inputs) -> str:
    """A table per family of pairs: primary, secondary, every method with its teacher, those in claims."""
    comparisons, metric = inputs.table("comparisons"), inputs.metric
    comparisons = comparisons[comparisons.column == OUTCOME]
    warned = flags.by_method(inputs.table("summary"))
    comparisons = comparisons.replace({side: {name: f"{name} {MARK}" for name in warned} for side in ("left", "right")})
    parts = [f"# Comparisons in {inputs.name}", _introduction(comparisons, metric)]
    for family, title in TITLES.items():
        rows = comparisons[comparisons.family == family]
        if len(rows):
            title = f"{title}: {_level(rows)}" if family == "primary" else title
            parts += [f"## {title}", table(_pairs(rows, comparisons, bool(inputs.experiment.learning_rates), metric))]
    if warned:
        parts.append(f"{MARK} has flags, see summary.md.")
    return "\n\n".join(parts) + "\n"


def _introduction(comparisons: pd.DataFrame, metric: Metric) -> str:
    unit = f"in {metric.difference_unit}" if metric.unit == "%" else f"({metric.better})"
    text = f"Differences of test {metric.title} {unit}, left minus right, paired by seed. Intervals are for new"
    text += " seeds and new test samples, at 95 %; those of primary pairs are wider, corrected for their number."
    if comparisons.n.max() == 1:
        return text + " **One seed has no spread: nothing here is tested.**"
    return text + " Verdicts are read off them."


def _level(primary: pd.DataFrame) -> str:
    """The level of the intervals of primary pairs, and what is left of 100 %."""
    level, number = primary.level.iloc[0], len(primary)
    return f"{100 * (1 - level):.4g} % intervals" + (f", at the level {LEVEL:g} / {number}" if number > 1 else "")


def _pairs(rows: pd.DataFrame, every: pd.DataFrame, grid: bool, metric: Metric) -> dict[str, list[str]]:
    columns = {"left": _sides(rows, "left"), "right": _sides(rows, "right"), "n": rows.n}
    if grid:
        sides = (["none" if pd.isna(lr) else f"{lr:g}" for lr in rows[name]] for name in ("lr_left", "lr_right"))
        columns["lr"] = [" / ".join(pair) for pair in zip(*sides, strict=True)]
    if (every.diverged_left + every.diverged_right).any():
        columns["diverged"] = [f"{row.diverged_left} / {row.diverged_right}" for row in rows.itertuples()]
    columns["difference"] = [metric.difference(value) for value in rows.difference]
    ends = rows[["low", "high"]].astype(float)
    columns["interval"] = [_interval(row.low, row.high, metric) for row in ends.itertuples()]
    if every.n.max() > 1:
        columns["these samples"] = ["" if pd.isna(half) else f"± {metric.value(half)}" for half in rows.ci95_seeds]
        needed = rows.seeds_for_a_point
        columns["seeds for a point"] = ["" if pd.isna(seeds) else f"{seeds:.0f}" for seeds in needed]
        columns["detectable"] = ["" if pd.isna(value) else metric.value(value) for value in rows.detectable]
    return {
        **columns,
        "validation": [metric.difference(value) for value in rows.val_difference],
        "verdict": rows.verdict,
    }


def _interval(low: float, high: float, metric: Metric) -> str:
    return "" if pd.isna(low + high) else f"{metric.difference(low)} to {metric.difference(high)}"


def _sides(rows: pd.DataFrame, side: str) -> Any:
    return [
        row[side] if row[f"{side}_on"] == "clean" else f"{row[side]}, {row[f'{side}_on']}" for _, row in rows.iterrows()
    ]
