"""Paired differences between methods. No torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, Style, bare, with_legend
from snn.report.inputs import Inputs
from snn.report.pairs import OUTCOME

FILLED = {"one is better": COLOURS[0], "equivalent": COLOURS[5]}


def figure(inputs: Inputs) -> Figure:
    """Paired differences with the intervals of verdicts: filled if one side is better, light if both are equivalent.

    Where the largest difference would hide the others, the axis is logarithmic beyond a bound, and says so.
    """
    comparisons, metric = inputs.table("comparisons"), inputs.metric
    comparisons = comparisons[comparisons.column == OUTCOME]
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.32 * len(comparisons)), layout="constrained")
    bare(axes)
    for i, row in enumerate(comparisons.itertuples()):
        if pd.notna(row.detectable):
            width = 2 * metric.factor * row.detectable
            axes.barh(i, width, 0.6, left=-width / 2, color="#DDDDDD", zorder=1, label="below what is detectable")
        found = "one is better" if isinstance(row.better, str) else row.verdict.partition(",")[0].partition(":")[0]
        ends = [[row.difference - row.low], [row.high - row.difference]]
        whiskers = None if pd.isna(row.low + row.high) else metric.factor * np.array(ends)
        axes.errorbar(
            metric.factor * row.difference,
            i,
            xerr=whiskers,
            color=COLOURS[0],
            marker="o",
            mfc=FILLED.get(found, "white"),
            capsize=3,
            ls="",
            zorder=3,
            label=found,
        )
    axes.axvline(0, color="black", lw=0.8, zorder=2)
    side = "right" if metric.better == "higher is better" else "left"
    unit = f" ({metric.difference_unit})" if metric.unit == "%" else ""
    label = f"difference of test {metric.title}{unit}; {side} of 0 the first is better"
    axes.set_yticks(range(len(comparisons)), [_pair(row, inputs.style) for row in comparisons.itertuples()])
    axes.invert_yaxis()
    axes.margins(y=0.5 / max(1, len(comparisons)))
    size = metric.factor * comparisons.difference.abs()
    if size.max() > 8 * size.median() > 0:  # one large difference would hide the others
        bound = float(f"{2 * size.median():.1g}")
        axes.set_xscale("symlog", linthresh=bound, subs=(2, 5))
        label += f"\naxis: linear between the dotted lines at ±{bound:g}, logarithmic beyond"
        for end in (-bound, bound):
            axes.axvline(end, color="black", lw=0.8, ls=":", zorder=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_xlabel(label)
    return with_legend(figure)


def _pair(row: Any, style: Mapping[str, Style]) -> str:
    diverged = f" ({row.diverged_left} and {row.diverged_right} diverged)"
    on = "" if row.left_on == row.right_on == "clean" else f"\n{row.left_on} − {row.right_on}"
    return f"{style[row.left].name} − {style[row.right].name}{on}" + (
        diverged if row.diverged_left + row.diverged_right else ""
    )
