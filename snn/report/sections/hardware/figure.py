"""Test metric against the level of noise, before and after calibration. No torch."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.report.canvas import Style, panels_of, with_legend
from snn.report.inputs import Inputs
from snn.report.metric import Metric
from snn.report.select import at_own_steps


def figure(inputs: Inputs) -> Figure:
    """Test metric against level, one panel per noise model and treatment, from level 0 on, the clean network.

    Dashed: chips as manufactured; solid: after calibration; bands: 95 % intervals of the latter.
    """
    chips = at_own_steps(inputs.table("summary"))
    chips = chips[chips.noise.notna() & chips.control.isna()]
    noisy, treated = chips[chips.condition == "noisy"], chips[chips.condition == "calibrated"]
    panels = _panels(treated)
    figure, axes_list = panels_of(max(1, len(panels)), list(dict.fromkeys(treated.method)), columns=2)
    for axes, (title, own) in zip(axes_list, panels.items(), strict=False):
        before = noisy[noisy.noise == own.noise.iloc[0]]
        for method, rows in own.groupby("method", sort=False):
            made = before[before.method == method]
            look = inputs.style[method]
            _curve(axes, made, look, inputs.metric, calibrated=False)
            _curve(axes, pd.concat([made[made.level == 0], rows]), look, inputs.metric, calibrated=True)
        axes.set(xlabel=f"level of {own.noise.iloc[0]}", ylabel=inputs.metric.axis("test"), yscale=inputs.metric.scale)
        axes.set_xticks(sorted(set(before.level)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(title, fontsize=9)
    if not panels:
        return empty(figure)
    return with_legend(figure, "solid: calibrated\nband: 95 % interval\ndashed: as manufactured")


def _curve(axes: Axes, rows: pd.DataFrame, look: Style, metric: Metric, calibrated: bool) -> None:
    """A line over levels; after calibration with its interval, which ends where the metric does."""
    rows = rows.sort_values("level")
    mean, (line, label) = rows.value_test_mean, ("-", look.name) if calibrated else ("--", None)
    axes.plot(rows.level, metric.factor * mean, line, color=look.colour, marker=look.marker, ms=5, label=label)
    if calibrated and not look.crowded:
        axes.fill_between(rows.level, *metric.ends(mean, rows.value_test_ci95), color=look.colour, alpha=0.12, lw=0)


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
