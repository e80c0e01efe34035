"""summary.md: every method, clean and on chips."""

from typing import Any

import pandas as pd

from snn.report import flags
from snn.report.inputs import Inputs
from snn.report.markdown import ARROW, table
from snn.report.metric import Metric
from snn.report.select import at_own_steps, own_steps

MIXED = {  # columns of costs.csv, and what it means if they differ
    "device": "on several devices",
    "machine": "with several processors, instruction sets or libraries",
    "versions": "with several sets of versions",
}


def page(inputs: Inputs) -> str:
    """A table of clean networks, one row per method, then a table per noise model with its levels in columns."""
    summary, costs, metric = inputs.table("summary"), inputs.collected["costs"], inputs.metric
    clean = own_steps(summary)
    grid = clean.lr_at_edge.notna()
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
        "MACs": [f"{value:,.0f}" for value in clean[f"macs_{inputs.energy.first_layer}"]],
        "energy nJ": [f"{value:,.1f}" for value in clean.energy_nj],
        "of teacher": [f"{value:.2f}" for value in clean.energy_of_teacher],
    }
    parts = [
        f"# {inputs.name}: {inputs.dataset}, {inputs.experiment.network}",
        _introduction(inputs, clean),
        table(columns),
    ]
    chips = at_own_steps(summary[summary.level > 0])
    for hardware in inputs.experiment.hardware:
        number = f"{hardware.chips} chip{'s' * (hardware.chips > 1)}"
        title = f"test {metric.title} on {number}, before{ARROW}after calibration; more in hardware.md"
        parts += [
            f"## {hardware.noise}: {title}",
            table(_noise(clean, chips[chips.noise == hardware.noise], metric)),
        ]
    mixed = [words for name, words in MIXED.items() if costs[name].nunique() > 1]
    if warned := flags.by_method(summary):
        parts.append("**Flags:** " + "; ".join(f"{method}: {words}" for method, words in warned.items()) + ".")
    if mixed:
        parts.append(f"**Mixed:** these runs were made {' and '.join(mixed)}; a repetition on one machine may differ.")
    return "\n\n".join(parts) + "\n"


def _introduction(inputs: Inputs, clean: pd.DataFrame) -> str:
    metric = inputs.metric
    n, title = int(clean.n.max()), metric.title.capitalize()
    sentences = [
        f"{title} of 1 seed, with 95 % intervals for new test samples."
        if n == 1
        else f"{title}, mean over {n} seeds; 95 % intervals of test data hold for new seeds and new test samples.",
        f"Work and energy of one inference, {inputs.experiment.energy}.",
    ]
    if metric.better != "higher is better":
        sentences[0] = sentences[0].replace(title, f"{title} ({metric.better})")
    if clean.lr_at_edge.notna().any():
        rates, seeds = len(inputs.experiment.learning_rates), len(inputs.experiment.tuning_seeds)
        sentences.append(
            f"lr: the learning rate, of {rates}, that is best on validation data of {seeds} tuning seeds, of which no"
        )
        sentences.append("result is reported; *edge*: the smallest or largest of them. In brackets: that of a recipe.")
    if clean.diverged.any():
        sentences.append("A diverged run still counts in n, scored with its last good epoch (or untrained).")
    return " ".join(sentences)


def _lr(row: Any) -> str:
    if not row.epochs:
        return ""
    if pd.isna(row.lr_at_edge):
        return f"({row.lr:g})"
    return f"{row.lr:g} *edge*" if row.lr_at_edge else f"{row.lr:g}"


def _noise(clean: pd.DataFrame, rows: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    rows = rows[rows.control.isna()]
    levels = sorted(set(rows.level))
    columns: dict[str, list[str]] = {
        name: [] for name in ("method", "clean", "calibrator", "targets", *(f"level {level:g}" for level in levels))
    }
    for method, own in rows.groupby("method", sort=False):
        before = own[own.condition == "noisy"].set_index("level").value_test_mean
        for (calibrator, targets), treated in own.groupby(["calibrator", "targets"], sort=False):
            after = treated.set_index("level").value_test_mean
            columns["method"].append(method)
            columns["clean"].append(metric.value(clean.set_index("method").value_test_mean[method]))
            columns["calibrator"].append(calibrator)
            columns["targets"].append(targets)
            for level in levels:
                columns[f"level {level:g}"].append(f"{metric.value(before[level])}{ARROW}{metric.value(after[level])}")
    return columns
