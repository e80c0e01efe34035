"""What is left to the clean network, before and after every calibration. No torch."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, empty, panels_of, titled, with_legend
from snn.report.inputs import Inputs
from snn.report.metric import Metric
from snn.report.sections.hardware.figure import NO_CHIPS

IN_A_ROW = 3  # panels
INCHES = 0.28  # of a row


def figure(inputs: Inputs) -> Figure:
    """Chips minus the clean network, with 95 % intervals: a panel per method, a row per treatment.

    Drawn at the noise with the most treatments, at its highest level.
    """
    hardware, metric = inputs.table("hardware"), inputs.metric
    treated = hardware[hardware.control.isna()]
    if treated.empty:
        return empty(*NO_CHIPS)
    noise = treated.groupby("noise", sort=False).size().idxmax()
    own = treated[treated.noise == noise]
    own = own[own.level == own.level.max()]
    treatments = list(dict.fromkeys(_treatment(row) for row in own.itertuples()))
    by_method = dict(list(own.groupby("method", sort=False)))
    height = 0.75 + INCHES * len(treatments)
    figure, panels = panels_of(len(by_method), ["as manufactured"], small=True, columns=IN_A_ROW, height=height)
    for axes, (method, rows) in zip(panels, by_method.items(), strict=True):
        _panel(axes, rows, treatments, metric)
        axes.set_title(inputs.style[method].name, fontsize=9)
    ends = [axes.get_xlim() for axes in panels]
    for axes in panels:
        axes.set_xlim(min(low for low, _ in ends), max(high for _, high in ends))
    unit = f" ({metric.difference_unit})" if metric.unit == "%" else ""
    figure.supxlabel(f"test {metric.title} of chips minus that of the clean network{unit}; 0: as good", fontsize=10)
    figure.supylabel("calibrator, targets", fontsize=10)
    titled(figure, f"What calibration recovers, {noise} at level {own.level.iloc[0]:g}: {inputs.name}")
    return with_legend(figure, "bars, band: 95 %")


def _panel(axes: Axes, rows: pd.DataFrame, treatments: list[str], metric: Metric) -> None:
    """The chips of a method: as manufactured, which all treatments start from, and calibrated."""
    axes.axvline(0, color="black", lw=0.8)
    first = rows.iloc[0]
    mean, half = metric.factor * first.loss, metric.factor * first.loss_ci95
    axes.axvline(mean, color=COLOURS[1], lw=1.2, ls="--", label="as manufactured")
    if pd.notna(half):
        axes.axvspan(mean - half, mean + half, color=COLOURS[1], alpha=0.15, lw=0)
    for row in rows.itertuples():
        half = None if pd.isna(row.left_ci95) else metric.factor * row.left_ci95
        look: dict[str, Any] = {
            "marker": "o",
            "color": COLOURS[0],
            "capsize": 3,
            "ms": 5,
            "ls": "",
            "label": "calibrated",
        }
        axes.errorbar(metric.factor * row.left, treatments.index(_treatment(row)), xerr=half, **look)
    axes.set_yticks(range(len(treatments)), treatments)
    axes.set_ylim(len(treatments) - 0.4, -0.6)
    axes.tick_params(labelsize=8)


def _treatment(row: Any) -> str:
    return f"{row.calibrator}, {row.targets}"
