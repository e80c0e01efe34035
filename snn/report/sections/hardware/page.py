"""hardware.md: what noisy chips lose, and what calibration recovers."""

from typing import Any

import pandas as pd

from snn.config import Hardware, Noise
from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import Metric
from snn.report.pairs import sign


def page(inputs: Inputs) -> str:
    """Per noise model a table of treatments and one of controls; then the rows in which calibration does harm."""
    title, rows = f"# Chips in {inputs.name}", inputs.table("hardware")
    if rows.empty:
        return f"{title}\n\nThis experiment has no hardware.\n"
    metric = inputs.metric
    parts = [title, _introduction(len(inputs.experiment.seeds), metric)]
    for hardware in inputs.experiment.hardware:
        noise, own = inputs.noises[hardware.noise], rows[rows.noise == hardware.noise]
        treated, controls = own[own.control.isna()], own[own.control.notna()]
        parts += [f"## {hardware.noise}", _setting(hardware, noise), table(_treated(treated, metric))]
        if hardware.controls and len(controls):
            same = own[own.level.isin((0, hardware.controls.level))]
            parts += [f"### Controls at {hardware.controls.level:g}", table(_controls(same, metric))]
    return "\n\n".join([*parts, "## Where calibration does harm", _harm(rows, metric)]) + "\n"


def _introduction(n: int, metric: Metric) -> str:
    text = f"Differences of test {metric.title} in {metric.difference_unit}, paired: the same seed, the same chips."
    if n == 1:
        return f"{text} One seed, so that there are no intervals."
    return f"{text} Mean over {n} seeds, each with chips of its own, and 95 % interval for new seeds, chips, samples."


def _setting(hardware: Hardware, noise: Noise) -> str:
    settings = hardware.calibration
    budget = f"{settings.samples} samples, {settings.epochs} epoch{'s' * (settings.epochs > 1)}"
    models = ", then ".join(part.model for part in noise.models)
    chips = f"{hardware.chips} chip{'s' * (hardware.chips > 1)}"
    return (
        f"Level: {noise.level} ({noise.better} is better); {models}. {chips} per seed and level; {budget},"
        f" batches of {settings.batch}."
    )


def _treated(rows: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    return {
        "method": rows.method,
        "level": [f"{level:g}" for level in rows.level],
        **({"diverged": rows.diverged} if rows.diverged.any() else {}),
        "clean": [metric.value(value) for value in rows.clean],
        "loss": _differences(rows, "loss", metric),
        "calibrator": rows.calibrator,
        "targets": rows.targets,
        "gain": _differences(rows, "gain", metric),
        "last epoch": _differences(rows, "gain_last", metric),
        "recovered": [_share(row) for row in rows.itertuples()],
        "one chip": ["" if pd.isna(least) else metric.difference(least) for least in rows.chip_bound],
        "worse": [f"{row.worse:.0f}, {row.worse_last:.0f} of {row.chips}" for row in rows.itertuples()],
        "spread": [
            "" if pd.isna(before) else f"{metric.value(before)}, {metric.value(after)}"
            for before, after in rows[["noisy_chips_sd", "calibrated_chips_sd"]].values
        ],
        "samples": [f"{row.samples_shown:,.0f} + {row.samples_validated:,.0f}" for row in rows.itertuples()],
        "writes": [f"{value:.1e}" for value in rows.writes],
        "operations": [f"{value:.1e}" for value in rows.operations],
    }


def _share(row: Any) -> str:
    if pd.isna(row.recovered):
        return ""
    return f"{row.recovered:.0%} ({row.recovered_low:.0%} to {row.recovered_high:.0%})"


def _controls(rows: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    """Gains by method: of its first treatment, which the controls are beside, then of each control."""
    treatment = rows[rows.control.isna()].drop_duplicates("method")
    controls = rows[rows.control.notna() & rows.method.isin(treatment.method)]
    treatment = treatment[treatment.method.isin(controls.method)]
    rows = pd.concat([treatment.assign(control="calibrated"), controls])
    columns = {name: treatment[name].tolist() for name in ("method", "calibrator", "targets")}
    for control, own in rows.groupby("control", sort=False):
        own = own.set_index("method").loc[columns["method"]]
        columns[control.replace("_", " ")] = _differences(own, "gain", metric)
        columns[f"{control.replace('_', ' ')}, last"] = _differences(own, "gain_last", metric)
    return columns


def _harm(rows: pd.DataFrame, metric: Metric) -> str:
    better, treated = sign(rows.direction.iloc[0]), rows[rows.control.isna()]
    if treated.n.max() < 2:
        return "One seed gives no interval, so harm cannot be tested."
    found = treated[better * treated.gain_last + treated.gain_last_ci95 < 0]
    worse = treated[(better * treated.gain_last < 0) & ~treated.index.isin(found.index)]
    rest = f"Of {len(treated)} rows, {len(worse)} have a worse mean than the untouched chip, which is not resolved."
    if found.empty:
        return f"At the last epoch, no row has its whole interval on the worse side of the untouched chip. {rest}"
    lines = [
        f"* {row.noise} {row.level:g}, {row.method}, {row.calibrator} with {row.targets} targets:"
        f" {metric.difference(row.gain_last, row.gain_last_ci95)} at the last epoch,"
        f" {metric.difference(row.gain, row.gain_ci95)} at the chosen one"
        for row in found.itertuples()
    ]
    worst = "At the last epoch, the whole interval is on the worse side of the untouched chip:"
    return f"{worst}\n\n" + "\n".join(lines) + f"\n\n{rest}"


def _differences(rows: pd.DataFrame, column: str, metric: Metric) -> list[str]:
    return [metric.difference(*pair) for pair in rows[[column, f"{column}_ci95"]].values]
