"""Test metric against the level of noise, before and after calibration. No torch."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.report.canvas import Style, empty, panels_of, titled, with_legend
from snn.report.inputs import Inputs
from snn.report.levels import Levels
from snn.report.levels import axis as axis_of
from snn.report.metric import Metric
from snn.report.select import at_own_steps

FEW = 2  # panels that are large, with intervals as bands
IN_A_ROW, HEIGHT = 3, 1.8  # of more panels, in inches
ROOM = 0.16  # of a label, as a share of the axis of a small panel
NO_CHIPS = (
    "Empty: this experiment puts no network on a chip.",
    "A list `hardware` in its file in params/experiments would fill this figure, see docs/hardware.md.",
)


def figure(inputs: Inputs) -> Figure:
    """Test metric against level, one panel per noise model, with the clean network (`levels`).

    Dashed: chips as manufactured; solid: after calibration, of several treatments the one that most noise models have.
    Bands and bars, where panels are few: 95 % intervals of the latter.
    """
    chips = at_own_steps(inputs.table("summary"))
    chips = chips[chips.noise.notna() & chips.control.isna()]
    noisy, treated = chips[chips.condition == "noisy"], _usual(chips[chips.condition == "calibrated"])
    if treated.empty:
        return empty(*NO_CHIPS)
    panels = dict(list(treated.groupby("noise", sort=False)))
    many = len(panels) > FEW
    figure, axes_list = panels_of(
        len(panels),
        list(dict.fromkeys(treated.method)),
        small=many,
        columns=IN_A_ROW if many else FEW,
        height=HEIGHT,
        shared=False,
    )
    for axes, (noise, own) in zip(axes_list, panels.items(), strict=True):
        _panel(axes, noisy[noisy.noise == noise], own, inputs, many)
        by = "" if treated.calibrator.nunique() == 1 else f": {own.calibrator.iloc[0]}"
        axes.set_title(f"{noise}{by}", fontsize=9 if many else 10)
    if many:
        figure.supylabel(inputs.metric.axis("test"), fontsize=10)
    by = f" by {treated.calibrator.iloc[0]}" if treated.calibrator.nunique() == 1 else ""
    told = f"solid: calibrated{by}\n" + ("" if many else "band: 95 % interval\n") + "dashed: as manufactured"
    titled(figure, f"What is left on chips, by level of noise: {inputs.name}")
    return with_legend(figure, told)


def _usual(treated: pd.DataFrame) -> pd.DataFrame:
    """Of calibrated chips, per noise model and method, those under the treatment that most noise models have."""
    treatment = ["calibrator", "targets"]
    common = treated.groupby(["method", *treatment]).noise.nunique().rename("common").reset_index()
    ranked = treated.merge(common, on=["method", *treatment], how="left")
    best = ranked.sort_values("common", ascending=False, kind="stable").drop_duplicates(["noise", "method"])
    return treated.merge(best[["noise", "method", *treatment]], on=["noise", "method", *treatment])


def _panel(axes: Axes, before: pd.DataFrame, after: pd.DataFrame, inputs: Inputs, many: bool) -> None:
    """The chips of a noise model."""
    levels = axis_of(inputs.noises[before.noise.iloc[0]], before.level)
    joined = levels.border is None
    for method, rows in after.groupby("method", sort=False):
        made, look = before[before.method == method], inputs.style[method]
        clean, chips = made[made.level == 0], made[made.level > 0]
        first = [clean] if joined else []
        _curve(axes, pd.concat([*first, chips]), look, inputs.metric, calibrated=False, many=many)
        _curve(axes, pd.concat([*first, rows]), look, inputs.metric, calibrated=True, many=many)
        if not joined:
            _apart(axes, clean, levels, look, inputs.metric)
    if levels.border is not None:
        axes.axvline(levels.border, color="grey", lw=0.8, ls=":")
    axes.set_yscale(inputs.metric.scale)
    axes.set_xlabel(levels.label, fontsize=8 if many else 11)
    if not many:
        axes.set_ylabel(inputs.metric.axis("test"))
    ticks = _apart_enough(levels.ticks) if many else levels.ticks
    axes.set_xticks(ticks, [levels.text(tick) for tick in ticks])
    axes.tick_params(labelsize=8 if many else 10)


def _apart_enough(ticks: Sequence[float]) -> list[float]:
    """Ticks whose labels do not touch in a small panel: the ends, and between them those with room on both sides."""
    room, kept = ROOM * (ticks[-1] - ticks[0]), [ticks[0]]
    for tick in ticks[1:-1]:
        if tick - kept[-1] >= room and ticks[-1] - tick >= room:
            kept.append(tick)
    return [*kept, *ticks[-1:]] if len(ticks) > 1 else kept


def _apart(axes: Axes, clean: pd.DataFrame, levels: Levels, look: Style, metric: Metric) -> None:
    """The clean network with its interval, beside the levels and joined to none."""
    for row in clean.itertuples():
        half = float("nan") if look.crowded else row.value_test_ci95
        whiskers = metric.whiskers(row.value_test_mean, half)
        mean = metric.factor * row.value_test_mean
        axes.errorbar(levels.clean, mean, whiskers, color=look.colour, marker=look.marker, ms=5, ls="", elinewidth=1)


def _curve(axes: Axes, rows: pd.DataFrame, look: Style, metric: Metric, calibrated: bool, many: bool) -> None:
    """A line over levels; after calibration with its interval, which ends where the metric does, unless panels are
    `many`.
    """
    rows = rows.sort_values("level")
    mean, (line, label) = rows.value_test_mean, ("-", look.name) if calibrated else ("--", None)
    size: dict[str, Any] = {"ms": 3.5, "lw": 1.2} if many else {"ms": 5}
    axes.plot(rows.level, metric.factor * mean, line, color=look.colour, marker=look.marker, label=label, **size)
    if calibrated and not many and not look.crowded:
        axes.fill_between(rows.level, *metric.ends(mean, rows.value_test_ci95), color=look.colour, alpha=0.12, lw=0)
