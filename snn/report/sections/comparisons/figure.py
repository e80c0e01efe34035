"""Paired differences between methods. No torch."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, MARK, Style, bare, titled
from snn.report.domains import domain
from snn.report.inputs import Inputs
from snn.report.metric import Metric
from snn.report.pairs import OUTCOME, sign
from snn.report.verdicts import WITHIN

FIRST, SECOND, NEITHER = COLOURS[0], COLOURS[1], "#555555"  # of rows, by the side that is better
PARTS = {"Rules with each other": ("primary", "secondary", "claim"), "Rules with their teacher ANN": ("teacher",)}
INCHES = 0.31  # of a row
ROOM, INSET = 0.04, 0.012  # shares of the axis: at its ends, and from them to a triangle
LETTERS = 32  # of a line that tells conditions


def figure(inputs: Inputs) -> Figure:
    """Paired differences with the intervals of verdicts, the largest first, and the verdict in words at the right.

    Colours tell the side that is better. The axis holds what is near; a marker at its edge has its value beside it.
    """
    table, metric = inputs.table("comparisons"), inputs.metric
    table = table[table.column == OUTCOME].sort_values("difference", ascending=False, kind="stable")
    parts = {title: table[table.family.isin(families)] for title, families in PARTS.items()}
    parts = {title: rows for title, rows in parts.items() if len(rows)} or {"No pair": table}
    shares = [1 + len(rows) * (1 + 0.4 * _further_lines(rows, inputs.style)) for rows in parts.values()]
    figure, panels = plt.subplots(
        len(parts),
        figsize=(9, 1.9 + INCHES * sum(shares)),
        layout="constrained",
        sharex=True,
        squeeze=False,
        height_ratios=shares,
    )
    ends = _ends(table, metric)
    for axes, (title, rows) in zip(panels[:, 0], parts.items(), strict=True):
        _panel(axes, rows, ends, inputs.style, metric)
        axes.set_title(title, fontsize=10, loc="left", color=NEITHER)
    flagged = any(MARK in look.name for look in inputs.style.values())
    where = f"{inputs.dataset}, {inputs.experiment.network}, T = {inputs.experiment.steps}"
    figure.supxlabel(f"{_axis(metric, ends, flagged)}\n{where}", fontsize=9)
    return titled(figure, f"Which rule is better on test data? {inputs.name}")


def _panel(
    axes: Axes, rows: pd.DataFrame, ends: tuple[float, float] | None, style: Mapping[str, Style], metric: Metric
) -> None:
    """A row per pair, from top to bottom."""
    bare(axes)
    axes.grid(visible=False, axis="y")
    if metric.unit == "%":
        axes.axvspan(-metric.factor * WITHIN, metric.factor * WITHIN, color="#E4E7EA", zorder=0)
    axes.axvline(0, color="black", lw=0.8, zorder=2)
    for i, row in enumerate(rows.itertuples()):
        colour, words = verdict(row)
        low, value, high = (metric.factor * one for one in (row.low, row.difference, row.high))
        if ends and not ends[0] <= value <= ends[1]:
            inside = INSET * (ends[1] - ends[0])
            end, side = (ends[0] + inside, "left") if value < ends[0] else (ends[1] - inside, "right")
            axes.plot(end, i, color=colour, marker="<" if side == "left" else ">", ms=6, zorder=4)
            look: dict[str, Any] = {
                "textcoords": "offset points",
                "ha": side,
                "va": "center",
                "fontsize": 9,
                "color": colour,
            }
            axes.annotate(metric.difference(row.difference), (end, i), (9 if side == "left" else -9, 0), **look)
        else:
            whiskers = None if np.isnan(low + high) else [[value - low], [high - value]]
            face = "white" if colour == NEITHER else colour
            axes.errorbar(value, i, xerr=whiskers, color=colour, marker="o", capsize=3, ls="", zorder=3, mfc=face)
        place = axes.get_yaxis_transform()
        axes.text(1.015, i, words, color=colour, ha="left", va="center", fontsize=9.5, transform=place)
    axes.set_yticks(range(len(rows)), [_pair(row, style) for row in rows.itertuples()], fontsize=10)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    if ends:
        axes.set_xlim(*ends)


def _further_lines(rows: pd.DataFrame, style: Mapping[str, Style]) -> int:
    """Lines below the first one in the longest name of a row."""
    return max((_pair(row, style).count("\n") for row in rows.itertuples()), default=0)


def _ends(table: pd.DataFrame, metric: Metric) -> tuple[float, float] | None:
    """Ends of the axis where a few differences far away would hide the others, with 0 and the band in it."""
    rows = (metric.factor * table[["difference", "low", "high"]].dropna().astype(float)).to_numpy().tolist()
    if not rows or not (cut := domain(rows)):
        return None
    least = metric.factor * WITHIN if metric.unit == "%" else 0.0
    low, high = min(cut["low"], -least), max(cut["high"], least)
    return low - ROOM * (high - low), high + ROOM * (high - low)


def verdict(row: Any) -> tuple[str, str]:
    """Colour and words of a verdict; two sides of one method are told apart as the first and the second."""
    if not isinstance(row.better, str):
        return NEITHER, row.verdict
    first = row.difference * sign(row.direction) > 0
    name = row.better if row.left != row.right else "the first" if first else "the second"
    return FIRST if first else SECOND, row.verdict.replace(f"{row.better} is better", f"{name} is better")


def _axis(metric: Metric, ends: tuple[float, float] | None, flagged: bool) -> str:
    """The label of the axis: what is drawn, and what marks mean."""
    unit = f" ({metric.difference_unit})" if metric.unit == "%" else ""
    side = "right" if metric.better == "higher is better" else "left"
    told = ["bar: interval of the verdict, for new seeds and test samples"]
    told += ["grey: within a point"] if metric.unit == "%" else []
    told += ["triangle: beyond the axis"] if ends else []
    told += [f"{MARK}: has flags"] if flagged else []
    return (
        f"test {metric.title} of the first minus the second{unit}; {side} of 0 the first is better\n{'; '.join(told)}"
    )


def _pair(row: Any, style: Mapping[str, Style]) -> str:
    diverged = f" ({row.diverged_left} and {row.diverged_right} diverged)"
    on = "" if row.left_on == row.right_on == "clean" else f"\n{fill(f'{row.left_on} − {row.right_on}', LETTERS)}"
    return f"{style[row.left].name} − {style[row.right].name}{on}" + (
        diverged if row.diverged_left + row.diverged_right else ""
    )
