"""README's figure: by how much tet leads ltl_offline in every case, with intervals. No torch."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.cli.by_case import DATA
from snn.cli.two_rules import Row
from snn.report.canvas import COLOURS, MARKERS, bare, empty, save, titled
from snn.report.words import listed

FIGURE = Path("docs/results/lead.svg")
INCHES = 0.27  # of a row
SIZE = 9.5  # of letters, in points
APART = 0.17  # of a row, between the points of two data sets


def write(found: Sequence[Row], path: Path = FIGURE) -> None:
    """Draw the figure into a file."""
    save(figure(found), path)


def figure(found: Sequence[Row]) -> Figure:
    """A row per case and level, from top to bottom; at its right what to take."""
    if not found:
        return empty("No set of tables has tet and ltl_offline.")
    figure, axes = plt.subplots(figsize=(10.5, 1.7 + INCHES * len(found)), layout="constrained")
    bare(axes)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color="black", lw=0.8, zorder=2)
    for data, colour, marker in zip(DATA, COLOURS, MARKERS, strict=False):
        _points(axes, found, data, colour, marker)
    beside = axes.get_yaxis_transform()  # across in parts of the width, down in rows
    for i, row in enumerate(found):
        if i and row.case != found[i - 1].case:
            axes.axhline(i - 0.5, color="#D0D4D8", lw=0.8, zorder=0)
        axes.text(1.015, i, _take(row), va="center", fontsize=SIZE, transform=beside)
    axes.text(1.015, -0.9, "take", va="bottom", weight="bold", fontsize=SIZE, transform=beside)
    axes.set_yticks(range(len(found)), [_label(row) for row in found], fontsize=SIZE)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel(
        "← ltl_offline is ahead   |   points of test accuracy   |   tet is ahead →\n"
        "bar: 95 % interval for new seeds, chips and test samples; filled: shown to be better",
        fontsize=SIZE,
    )
    figure.legend(loc="outside lower center", ncols=len(DATA), fontsize=SIZE, frameon=False)
    return titled(figure, "tet minus ltl_offline: test accuracy, seed by seed on the same samples and chips")


def _take(row: Row) -> str:
    told = listed(row.take.rules, "or") or " / ".join(dict.fromkeys(row.take.firsts.values()))
    return f"{told} (open on {len(row.take.open_on)} of {len(row.on)})" if row.take.open_on else told


def _label(row: Row) -> str:
    return f"{row.kind} {row.level}, {row.way}" if row.level else row.case


def _points(axes: Axes, found: Sequence[Row], data: str, colour: str, marker: str) -> None:
    """The differences on a data set: filled where one of the two rules is shown to be better."""
    shift = APART * (2 * list(DATA).index(data) - 1)
    label: str | None = DATA[data]
    for i, one in ((i, row.on[data].comparison) for i, row in enumerate(found) if data in row.on):
        value, low, high = (one.metric.factor * each for each in one.found[:3])
        face = colour if one.winner else "white"
        bar = [[value - low], [high - value]]
        axes.errorbar(
            value, i + shift, xerr=bar, color=colour, marker=marker, mfc=face, ms=5, capsize=2, ls="", label=label
        )
        label = None
