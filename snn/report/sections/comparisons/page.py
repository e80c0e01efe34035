"""comparisons.md: pairs of methods, seed by seed."""

from typing import Any

import pandas as pd

from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import Metric
from snn.report.statistics import LEVEL


def page(inputs: Inputs) -> str:
    """comparisons.md: the pairs that were asked for, those with the teacher, and the steps to reach it."""
    comparisons, steps, metric = inputs.table("comparisons"), inputs.table("steps"), inputs.metric
    is_asked = comparisons.family == "asked"
    parts = [f"# Comparisons in {inputs.name}", _explanation(comparisons, metric)]
    for title, rows in (("Asked for", comparisons[is_asked]), ("With the teacher", comparisons[~is_asked])):
        if len(rows):
            parts += [f"## {title}", table(_pairs(rows, comparisons, bool(inputs.experiment.learning_rates), metric))]
    if len(set(steps.steps_eval)) > 1 and metric.title == "accuracy":
        parts += ["## Steps to come within a point of the teacher", _steps_explained(), table(_steps(steps, metric))]
    return "\n\n".join(parts) + "\n"


def _explanation(comparisons: pd.DataFrame, metric: Metric) -> str:
    n = int(comparisons.n.max())
    unit = f"in {metric.difference_unit}" if metric.unit == "%" else f"({metric.better})"
    text = (
        f"Differences of test {metric.title} {unit}, left minus right, seed by seed: both sides of a pair have the same"
        f" initial draw, order of the data and split."
    )
    if n == 1:
        return text + " **One seed shows no spread: nothing here is resolved.**"
    return (
        f"{text} *difference*: mean over n seeds, 95 % interval by Student's t. *p*: paired t-test, two-sided. *Holm*:"
        f" p corrected over the comparisons of its table; below {LEVEL:g} the verdict names a side."
        f" *detectable*: the smallest true difference that the strictest of these tests, at {LEVEL:g} / their number,"
        " would find in 80 % of all repetitions with the spread seen here (exact power of the t-test): with three seeds"
        " a large one. *validation*: the same difference on the data by which"
        " epochs and learning rates were chosen, so an optimistic one."
    )


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


def _steps_explained() -> str:
    return (
        "The fewest steps, of those tried, at which the mean over seeds comes within one point of the teacher on"
        " validation data, and what an inference of that length is worth and costs. *never*: at none of them; the row"
        " is then that of the best validation mean. *extrapolated*: evaluated at other steps than trained with, though"
        " the parameters depend on these."
    )


def _steps(steps: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    tried = steps.groupby("method", sort=False)
    best = steps.loc[tried.value_val_mean.idxmax()]
    enough = steps[steps.steps_eval == steps.fewest_steps]
    rows = pd.concat([enough, best]).drop_duplicates("method").set_index("method").loc[best.method]
    return {
        "method": rows.index,
        "trained T": rows.steps,
        "tried T": [", ".join(map(str, own.steps_eval)) for _, own in tried],
        "fewest T": [_fewest(row) for row in rows.itertuples()],
        "test %": [metric.value(*row) for row in rows[["value_test_mean", "value_test_ci95"]].values],
        "ACs": [f"{value:,.0f}" for value in rows.acs],
        "energy nJ": [f"{value:,.1f}" for value in rows.energy_nj],
        "extrapolated": ["yes" if value else "" for value in rows.extrapolated],
    }


def _fewest(row: Any) -> str:
    return f"never; {row.steps_eval} is best" if pd.isna(row.fewest_steps) else f"{row.fewest_steps}"


def _p(value: float) -> str:
    return "" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"
