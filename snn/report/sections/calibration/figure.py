"""What is left to the clean network, before and after every calibration. No torch."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, bare, panels_of, with_legend
from snn.report.inputs import Inputs
from snn.report.sections.hardware.figure import empty


def figure(inputs: Inputs) -> Figure:
    """A line per method and treatment, with 95 % intervals: chips minus the clean network, at one noise and level.

    Drawn at the noise with the most treatments, at its highest level.
    """
    hardware, metric = inputs.table("hardware"), inputs.metric
    treated = hardware[hardware.control.isna()]
    if treated.empty:
        return empty(panels_of(1, [])[0])
    noise = treated.groupby("noise", sort=False).size().idxmax()
    own = treated[treated.noise == noise]
    own = own[own.level == own.level.max()]
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.28 * len(own)), layout="constrained")
    bare(axes)
    for i, row in enumerate(own.itertuples()):
        for value, half, marker, colour, label in (
            (row.loss, row.loss_ci95, "x", COLOURS[6], "as manufactured"),
            (row.left, row.left_ci95, "o", COLOURS[0], "calibrated"),
        ):
            axes.errorbar(
                metric.factor * value,
                i,
                xerr=None if pd.isna(half) else metric.factor * half,
                marker=marker,
                color=colour,
                capsize=3,
                ls="",
                label=label,
            )
    axes.axvline(0, color="black", lw=0.8)
    unit = f" ({metric.difference_unit})" if metric.unit == "%" else ""
    axes.set_xlabel(f"test {metric.title} minus that of the clean network{unit}")
    names = [f"{inputs.style[row.method].name}: {row.calibrator}, {row.targets}" for row in own.itertuples()]
    axes.set_yticks(range(len(own)), names)
    axes.invert_yaxis()
    return with_legend(figure, f"{noise}, level {own.level.iloc[0]:g}")
