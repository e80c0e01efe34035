"""Figures of chips: what they cost, what calibration gives back, and what that takes. No torch."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from snn.figures.canvas import COLOURS, MARKERS, Style, panels_of, with_legend
from snn.metric import Metric

SPENT = {"shown": "samples shown", "updates": "updates", "operations": "operations"}
LINE_OF = {"own": "-", "teacher": "--"}


def noise(hardware: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric against level, a panel a noise model and arm: dashed as manufactured, solid calibrated; dotted the
    clean network.
    """
    treated = hardware[hardware.control.isna()]
    panels = _panels(treated)
    figure, axes_list = panels_of(max(1, len(panels)), list(dict.fromkeys(treated.method)), columns=2)
    for axes, (title, own) in zip(axes_list, panels.items(), strict=False):
        for method, rows in own.groupby("method", sort=False):
            rows, look = rows.sort_values("level"), style[method]
            for column, line, label in (("noisy", "--", None), ("calibrated", "-", method)):
                values = metric.factor * rows[column]
                axes.plot(rows.level, values, line, color=look.colour, marker=look.marker, ms=5, label=label)
            axes.axhline(metric.factor * rows.clean.iloc[0], color=look.colour, ls=":", lw=0.8)
        axes.set(xlabel=f"level of {own.noise.iloc[0]}", ylabel=metric.axis("test"), yscale=metric.scale)
        axes.set_xticks(sorted(set(own.level)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(title, fontsize=9)
    if not panels:
        return _empty(figure)
    return with_legend(figure, "dashed: before calibration\ndotted: clean")


def calibration(trials: pd.DataFrame, metric: Metric) -> Figure:
    """Validation metric against what a calibration has spent, at the level with most arms: a row a method."""
    treated = trials[trials.control.isna()]
    if treated.empty:
        return _empty(panels_of(1, [])[0])
    place = ["noise", "level"]
    arms = treated.assign(arm=treated.calibrator + ", " + treated.targets).groupby(place, sort=False)
    noise, level = arms.arm.nunique().iloc[::-1].idxmax()
    own = treated[(treated.noise == noise) & (treated.level == level)]
    own = own.assign(arm=own.calibrator + ", " + own.targets)
    methods, names = list(dict.fromkeys(own.method)), list(dict.fromkeys(own.arm))
    looks = {name: LINE_OF[name.rpartition(", ")[2]] for name in names}
    calibrators = list(dict.fromkeys(own.calibrator))
    figure, axes_list = panels_of(len(SPENT) * len(methods), names, small=True, columns=len(SPENT))
    for i, method in enumerate(methods):
        for axes, (column, title) in zip(axes_list[len(SPENT) * i :], SPENT.items(), strict=False):
            for name, line in looks.items():
                rows = own[(own.method == method) & (own.arm == name)]
                mean = rows.groupby("epoch")[[column, "value_val"]].mean()
                k = calibrators.index(rows.calibrator.iloc[0]) if len(rows) else 0
                style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ls": line}
                axes.plot(mean[column], metric.factor * mean.value_val, **style, ms=4, label=name)
            axes.set_xscale("symlog", linthresh=max(1, own[column][own[column] > 0].min()))
            axes.tick_params(labelsize=8)
            axes.set_title(method if column == "shown" else "", fontsize=9, loc="left")
            if i == len(methods) - 1:
                axes.set_xlabel(title, fontsize=9)
    figure.supylabel(metric.axis("validation"), fontsize=10)
    return with_legend(figure, f"{noise}, level {level:g}")


def _panels(treated: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By title: each noise model with each arm; targets that hang on the rule share a panel."""
    panels = {}
    for noise, own in treated.groupby("noise", sort=False):
        for calibrator, rows in own.groupby("calibrator", sort=False):
            both = rows.groupby("method").targets.nunique().max() > 1
            for targets, part in rows.groupby("targets", sort=False) if both else [("", rows)]:
                panels[f"{noise}: {calibrator}" + (f", {targets} targets" if targets else "")] = part
    return panels


def _empty(figure: Figure) -> Figure:
    (axes, *_) = figure.axes
    axes.text(0.5, 0.5, "no hardware in this experiment", ha="center", va="center")
    axes.set_axis_off()
    return figure
