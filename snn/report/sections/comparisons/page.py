"""comparisons.md: pairs of methods, seed by seed."""

import pandas as pd

from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import Metric
from snn.report.statistics import LEVEL


def page(inputs: Inputs) -> str:
    """comparisons.md: the pairs that were asked for, then those of every method with its teacher."""
    comparisons, metric = inputs.table("comparisons"), inputs.metric
    is_asked = comparisons.family == "asked"
    parts = [f"# Comparisons in {inputs.name}", _introduction(comparisons, metric)]
    for title, rows in (("Asked for", comparisons[is_asked]), ("With the teacher", comparisons[~is_asked])):
        if len(rows):
            parts += [f"## {title}", table(_pairs(rows, comparisons, bool(inputs.experiment.learning_rates), metric))]
    return "\n\n".join(parts) + "\n"


def _introduction(comparisons: pd.DataFrame, metric: Metric) -> str:
    unit = f"in {metric.difference_unit}" if metric.unit == "%" else f"({metric.better})"
    text = f"Differences of test {metric.title} {unit}, left minus right, seed by seed."
    if comparisons.n.max() == 1:
        return text + " **One seed has no spread: nothing here is resolved.**"
    return f"{text} Below {LEVEL:g}, the corrected test (*Holm*) names the better side."


def _pairs(rows: pd.DataFrame, every: pd.DataFrame, grid: bool, metric: Metric) -> dict[str, list[str]]:
    columns = {"left": rows.left, "right": rows.right, "n": rows.n}
    if grid:
        sides = (["none" if pd.isna(lr) else f"{lr:g}" for lr in rows[name]] for name in ("lr_left", "lr_right"))
        columns["lr"] = [" / ".join(pair) for pair in zip(*sides, strict=True)]
    if (every.diverged_left + every.diverged_right).any():
        columns["diverged"] = [f"{row.diverged_left} / {row.diverged_right}" for row in rows.itertuples()]
    columns["difference"] = [metric.difference(*row) for row in rows[["difference", "ci95"]].values]
    if every.n.max() > 1:
        columns |= {
            "p": [_p(value) for value in rows.p],
            "Holm": [_p(value) for value in rows.p_holm],
            "detectable": ["" if pd.isna(value) else metric.value(value) for value in rows.detectable],
        }
    validation = [metric.difference(*row) for row in rows[["val_difference", "val_ci95"]].values]
    return {**columns, "validation": validation, "verdict": rows.verdict}


def _p(value: float) -> str:
    return "" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"
