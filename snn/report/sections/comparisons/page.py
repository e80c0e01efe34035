"""comparisons.md: pairs of methods, seed by seed."""

from typing import Any

import pandas as pd

from snn.report import flags
from snn.report.canvas import MARK
from snn.report.inputs import Inputs
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
            parts += [f"## {title}", table(_pairs(rows, comparisons, bool(inputs.experiment.learning_rates), metric))]
    if warned:
        parts.append(f"{MARK} has flags, see summary.md.")
    return "\n\n".join(parts) + "\n"


def _introduction(comparisons: pd.DataFrame, metric: Metric) -> str:
    unit = f"in {metric.difference_unit}" if metric.unit == "%" else f"({metric.better})"
    text = f"Differences of test {metric.title} {unit}, left minus right, paired by seed, with 95 % intervals for new"
    text += " seeds and new test samples."
    if comparisons.n.max() == 1:
        return text + " **One seed has no spread: nothing here is tested.**"
    primary = comparisons[comparisons.family == "primary"]
    if len(primary) > 1:
        text += f" Verdicts on the primary pairs are corrected for their number, {len(primary)}; all others are not."
    return text


def _pairs(rows: pd.DataFrame, every: pd.DataFrame, grid: bool, metric: Metric) -> dict[str, list[str]]:
    columns = {"left": _sides(rows, "left"), "right": _sides(rows, "right"), "n": rows.n}
    if grid:
        sides = (["none" if pd.isna(lr) else f"{lr:g}" for lr in rows[name]] for name in ("lr_left", "lr_right"))
        columns["lr"] = [" / ".join(pair) for pair in zip(*sides, strict=True)]
    if (every.diverged_left + every.diverged_right).any():
        columns["diverged"] = [f"{row.diverged_left} / {row.diverged_right}" for row in rows.itertuples()]
    columns["difference"] = [metric.difference(*row) for row in rows[["difference", "ci95"]].values]
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


def _sides(rows: pd.DataFrame, side: str) -> Any:
    return [
        row[side] if row[f"{side}_on"] == "clean" else f"{row[side]}, {row[f'{side}_on']}" for _, row in rows.iterrows()
    ]
