"""Test metric against the level of noise, before and after calibration. No torch."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.report.canvas import Style, panels_of, with_legend
from snn.report.inputs import Inputs
from snn.report.levels import Levels
from snn.report.levels import axis as axis_of
from snn.report.metric import Metric
from snn.report.select import at_own_steps


def figure(inputs: Inputs) -> Figure:
    """Test metric against level, one panel per noise model and treatment, with the clean network (`levels`).

    Dashed: chips as manufactured; solid: after calibration; bands and bars: 95 % intervals of the latter.
    """
    chips = at_own_steps(inputs.table("summary"))
    chips = chips[chips.noise.notna() & chips.control.isna()]
    noisy, treated = chips[chips.condition == "noisy"], chips[chips.condition == "calibrated"]
    panels = _panels(treated)
    figure, axes_list = panels_of(max(1, len(panels)), list(dict.fromkeys(treated.method)), columns=2)
    for axes, (title, own) in zip(axes_list, panels.items(), strict=False):
        (noise,) = own.noise.unique()
        before = noisy[noisy.noise == noise]
        levels = axis_of(inputs.noises[noise], before.level)
        for method, rows in own.groupby("method", sort=False):
            made = before[before.method == method]
            look = inputs.style[method]
            clean, chips = made[made.level == 0], made[made.level > 0]
            joined = levels.border is None
            _curve(axes, pd.concat([clean, chips]) if joined else chips, look, inputs.metric, calibrated=False)
            _curve(axes, pd.concat([clean, rows]) if joined else rows, look, inputs.metric, calibrated=True)
            if not joined:
                _apart(axes, clean, levels, look, inputs.metric)
        if levels.border is not None:
            axes.axvline(levels.border, color="grey", lw=0.8, ls=":")
        axes.set(xlabel=levels.label, ylabel=inputs.metric.axis("test"), yscale=inputs.metric.scale)
        axes.set_xticks(levels.ticks, [levels.text(tick) for tick in levels.ticks])
        axes.set_title(title, fontsize=9)
    if not panels:
        return empty(figure)
    return with_legend(figure, "solid: calibrated\nband: 95 % interval\ndashed: as manufactured")


def _apart(axes: Axes, clean: pd.DataFrame, levels: Levels, look: Style, metric: Metric) -> None:
    """The clean network with its interval, beside the levels and joined to none."""
    for row in clean.itertuples():
        half = float("nan") if look.crowded else row.value_test_ci95
        whiskers = metric.whiskers(row.value_test_mean, half)
        mean = metric.factor * row.value_test_mean
        axes.errorbar(levels.clean, mean, whiskers, color=look.colour, marker=look.marker, ms=5, ls="", elinewidth=1)


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
