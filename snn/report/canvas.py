"""Colours, panels, legends and files of all figures.

A method has the same colour and marker in all of them, and one entry in a legend beside the axes. No torch.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "spikeledger", "svg.fonttype": "none", "font.size": 11})

from matplotlib import pyplot as plt  # noqa: E402 - after the backend is chosen
from matplotlib.artist import Artist  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from snn.core import files  # noqa: E402

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]  # Okabe and Ito, colour-safe
MARKERS = "oDs^vPX*"  # 7 and 8 have no common factor, so that 56 pairs differ
LINES = ["-", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1))]
MARK = "†"  # of methods with flags, see `flags`
IN_A_COLUMN = 24  # entries of a legend in one column


@dataclass(frozen=True)
class Style:
    """Name, colour, marker and line of a method; the name of a method with flags carries a mark."""

    name: str
    colour: str
    marker: str
    line: Any
    crowded: bool  # there are too many methods to draw bands


def styles(methods: Sequence[str], flagged: Collection[str] = ()) -> dict[str, Style]:
    """A style for every method: the first 56 differ in colour and marker, and the line changes after every 7."""
    return {
        method: Style(
            f"{method} {MARK}" if method in flagged else method,
            COLOURS[i % len(COLOURS)],
            MARKERS[i % len(MARKERS)],
            LINES[i // len(COLOURS) % len(LINES)],
            len(methods) > 10,
        )
        for i, method in enumerate(methods)
    }


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG and close it; the bytes depend only on what is drawn."""
    try:
        files.write(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
    finally:
        plt.close(figure)


def panels_of(count: int, names: Sequence[str], small: bool = False, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """A figure with `count` axes in at most `columns` columns, and room for a legend with these names.

    `small`: small axes that share the scale of y.
    """
    columns = min(count, columns)
    rows = -(-count // columns)
    width, height = (2.4, 2.2) if small else (6, 4.5)
    legend = -(-len(names) // IN_A_COLUMN) * (0.8 + 0.08 * max(map(len, names), default=0))
    size = (width * columns + legend, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", sharey=small, squeeze=False)
    for panel in axes.flat:
        bare(panel)
    for panel in axes.flat[count:]:
        panel.remove()
    return figure, list(axes.flat[:count])


def bare(axes: Axes) -> None:
    """Draw a grid, and no frame at the top and right."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def with_legend(figure: Figure, title: str | None = None) -> Figure:
    """Add a legend beside the axes, with every label once."""
    named: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    if named:
        title = title or (f"{MARK} has flags" if any(MARK in label for label in named) else None)
        columns = -(-len(named) // IN_A_COLUMN)
        figure.legend(
            list(named.values()),
            list(named),
            loc="outside right upper",
            ncols=columns,
            fontsize=9,
            title=title,
            title_fontsize=9,
            frameon=False,
        )
    return figure
