"""The tables as pages to read: summary.md, comparisons.md, claims.md, and the headline numbers. No torch.

Every page says what its columns mean, and shows a column only where there is something in it.
"""

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from snn.compare import own_steps
from snn.metric import SHOWN, Metric
from snn.statistics import LEVEL

ARROW = " -> "


def written(job: Any, measured: Mapping[str, pd.DataFrame], derived: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Every page by its file name."""
    return {
        "summary.md": summary(job, measured["summary"], measured["costs"]),
        "comparisons.md": comparisons(job, derived["comparisons"], derived["steps"]),
        "claims.md": claims(derived["claims"]),
        "metrics.yaml": _yaml(metrics(measured["summary"])),
    }


def metrics(summary: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The headline numbers, for comparing releases."""
    clean = own_steps(summary).set_index("method")
    digits = SHOWN[clean.metric.iloc[0]].digits + 2
    return {
        "value_test": {method: round(value, max(4, digits)) for method, value in clean.value_test_mean.items()},
        "energy_nj": {method: round(value, 3) for method, value in clean.energy_nj.items()},
    }


def summary(job: Any, summary: pd.DataFrame, costs: pd.DataFrame) -> str:
    """summary.md: methods in rows, clean first, then a table a noise model with its levels in columns."""
    clean = own_steps(summary)
    metric, grid = SHOWN[clean.metric.iloc[0]], clean.lr_at_edge.notna()
    columns = {"method": clean.method, "T": clean.steps}
    if grid.any():
        columns["lr"] = [_lr(row) for row in clean.itertuples()]
    if clean.diverged.any():
        columns["diverged"] = [f"{row.diverged} of {row.n}" for row in clean.itertuples()]
    columns |= {
        f"validation {metric.unit}": [metric.value(*row) for row in clean[["value_val_mean", "value_val_ci95"]].values],
        f"test {metric.unit}": [metric.value(*row) for row in clean[["value_test_mean", "value_test_ci95"]].values],
        "vs teacher": [metric.difference(value) for value in clean.above_teacher],
        "ACs": [f"{value:,.0f}" for value in clean.acs],
        "MACs": [f"{value:,.0f}" for value in clean[f"macs_{job.energy.first_layer}"]],
        "energy nJ": [f"{value:,.1f}" for value in clean.energy_nj],
        "of teacher": [f"{value:.2f}" for value in clean.energy_of_teacher],
    }
    parts = [
        f"# {job.name}: {job.evaluations[0].run.data.name}, {job.experiment.network}",
        _introduction(job, clean, metric),
        _table(columns),
    ]
    for hardware in job.experiment.hardware:
        chips = f"{hardware.chips} chip{'s' * (hardware.chips > 1)}"
        parts += [
            f"## {hardware.noise}: test {metric.title} on {chips}, before{ARROW}after calibration",
            _table(_noise(clean, summary[summary.noise == hardware.noise], metric)),
        ]
    if len(costs[["device", "versions"]].drop_duplicates()) > 1:
        parts.append("**Mixed:** these runs were made on more than one device or with more than one set of versions.")
    return "\n\n".join(parts) + "\n"


def _introduction(job: Any, clean: pd.DataFrame, metric: Metric) -> str:
    n, title = int(clean.n.max()), metric.title.capitalize()
    said = [
        f"{title} of 1 seed." if n == 1 else f"{title}, mean and 95 % interval over {n} seeds.",
        f"Work and energy of one inference, {job.experiment.energy}.",
    ]
    if metric.better != "higher is better":
        said[0] = said[0].replace(title, f"{title} ({metric.better})")
    if clean.lr_at_edge.notna().any():
        count = len(job.experiment.learning_rates)
        said.append(f"lr: the learning rate, of {count}, that is best on validation data; *edge*: no better one was")
        said.append("tried on that side of it. Recipes that are not tuned show theirs in brackets.")
    if clean.diverged.any():
        said.append("Seeds that diverged count with their best epoch before, or as untrained.")
    return " ".join(said)


def _lr(row: Any) -> str:
    if not row.epochs:
        return ""
    if pd.isna(row.lr_at_edge):
        return f"({row.lr:g})"
    return f"{row.lr:g} *edge*" if row.lr_at_edge else f"{row.lr:g}"


def _noise(clean: pd.DataFrame, rows: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    levels = sorted(set(rows.level))
    table = {name: [] for name in ("method", "clean", "targets", *(f"level {level:g}" for level in levels))}
    for method, own in rows.groupby("method", sort=False):
        mean = own.set_index(["condition", "level"]).value_test_mean
        table["method"].append(method)
        table["clean"].append(metric.value(clean.set_index("method").value_test_mean[method]))
        table["targets"].append(own.targets.dropna().iloc[0])
        for level in levels:
            before, after = mean["noisy", level], mean["calibrated", level]
            table[f"level {level:g}"].append(f"{metric.value(before)}{ARROW}{metric.value(after)}")
    return table


def comparisons(job: Any, comparisons: pd.DataFrame, steps: pd.DataFrame) -> str:
    """comparisons.md: the pairs that were asked for, those with the teacher, and the steps to reach it."""
    metric = SHOWN[comparisons.metric.iloc[0]]
    asked = {(pair.left, pair.right) for pair in job.experiment.comparisons}
    is_asked = pd.Series([(row.left, row.right) in asked for row in comparisons.itertuples()])
    parts = [f"# Comparisons in {job.name}", _explanation(comparisons, metric)]
    for title, rows in (("Asked for", comparisons[is_asked]), ("With the teacher", comparisons[~is_asked])):
        if len(rows):
            parts += [f"## {title}", _table(_pairs(rows, comparisons, bool(job.experiment.learning_rates), metric))]
    if len(set(steps.steps_eval)) > 1 and metric.title == "accuracy":
        parts += ["## Steps to come within a point of the teacher", _steps_explained(), _table(_steps(steps, metric))]
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


def claims(claims: pd.DataFrame) -> str:
    """claims.md: each claim, what was found, and the verdict."""
    text = (
        "A difference is taken seed by seed, with its 95 % interval; a ratio lies between bounds that the steps tried"
        " set. *holds*: the whole interval lies at or above what is claimed; *fails*: below; else *not resolved*."
    )
    if claims.empty:
        return "# Claims\n\nNo claim in `params/claims.yaml` is about the methods and the metric of this experiment.\n"
    columns = {
        "claim": claims.claim,
        "source": claims.source,
        "at least": [_claimed(row.at_least, row) for row in claims.itertuples()],
        "found": [_claimed(row.found, row) for row in claims.itertuples()],
        "interval": [_bounds(row) for row in claims.itertuples()],
        "n": claims.n,
        "verdict": claims.verdict,
    }
    return f"# Claims\n\n{text}\n\n{_table(columns)}\n"


def _bounds(row: Any) -> str:
    low, high = _claimed(row.low, row), _claimed(row.high, row)
    return f"{low} to {high}" if low and high else f"{low} or more" if low else ""


def _claimed(value: float | None, row: Any) -> str:
    if pd.isna(value):
        return ""
    if row.of == "ratio":
        return f"{value:.1f} x"
    return SHOWN["accuracy"].difference(value) if row.column.startswith("value_") else f"{value:+.4g}"


def _p(value: float) -> str:
    return "" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _table(columns: Mapping[str, Any]) -> str:
    rows = pd.DataFrame({name: [str(cell) for cell in cells] for name, cells in columns.items()})
    return rows.to_markdown(index=False, disable_numparse=True)


def _yaml(document: Any) -> str:
    text = io.StringIO()
    YAML().dump(document, text)
    return text.getvalue()
