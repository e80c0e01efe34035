"""Test metric against the level of noise, before and after calibration. No torch."""

import pandas as pd
from matplotlib.figure import Figure

from snn.report.canvas import panels_of, with_legend
from snn.report.inputs import Inputs


def figure(inputs: Inputs) -> Figure:
    """Test metric against level, one panel per noise model and treatment.

    Dashed: chips as manufactured; solid: after calibration; dotted: the clean network.
    """
    hardware, style, metric = inputs.table("hardware"), inputs.style, inputs.metric
    treated = hardware[hardware.control.isna()]
    panels = _panels(treated)
    figure, axes_list = panels_of(max(1, len(panels)), list(dict.fromkeys(treated.method)), columns=2)
    for axes, (title, own) in zip(axes_list, panels.items(), strict=False):
        for method, rows in own.groupby("method", sort=False):
            rows, look = rows.sort_values("level"), style[method]
            for column, line, label in (("noisy", "--", None), ("calibrated", "-", look.name)):
                values = metric.factor * rows[column]
                axes.plot(rows.level, values, line, color=look.colour, marker=look.marker, ms=5, label=label)
            axes.axhline(metric.factor * rows.clean.iloc[0], color=look.colour, ls=":", lw=0.8)
        axes.set(xlabel=f"level of {own.noise.iloc[0]}", ylabel=metric.axis("test"), yscale=metric.scale)
        axes.set_xticks(sorted(set(own.level)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(title, fontsize=9)
    if not panels:
        return empty(figure)
    return with_legend(figure, "dashed: before calibration\ndotted: clean")


def _panels(treated: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows by the title of their panel: noise model and treatment. If no method has two kinds of targets, panels are
    not split by them.
    """
    panels = {}
    for noise, own in treated.groupby("noise", sort=False):
        for calibrator, rows in own.groupby("calibrator", sort=False):
            both = rows.groupby("method").targets.nunique().max() > 1
            for targets, part in rows.groupby("targets", sort=False) if both else [("", rows)]:
                panels[f"{noise}: {calibrator}" + (f", {targets} targets" if targets else "")] = part
    return panels


def empty(figure: Figure) -> Figure:
    """Write into an empty figure why it is empty."""
    (axes, *_) = figure.axes
    axes.text(0.5, 0.5, "no hardware in this experiment", ha="center", va="center")
    axes.set_axis_off()
    return figure
