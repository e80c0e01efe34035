"""What all figures share: colours, panels, legends, files.

A method has one colour and marker in all of them, and stands once in a legend beside the axes. No torch.
"""

from collections.abc import Sequence
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

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]  # Okabe and Ito: colour-blind
MARKERS = "oDs^vPX*"  # 7 and 8 have no common factor, so that 56 pairs differ
LINES = ["-", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1))]
IN_A_COLUMN = 24  # names that a legend sets below one another


@dataclass(frozen=True)
class Style:
    """How a method looks."""

    colour: str
    marker: str
    line: Any
    crowded: bool  # too many methods for bands


def styles(methods: Sequence[str]) -> dict[str, Style]:
    """A look for every method; by line only where colour and marker are not enough."""
    return {
        method: Style(
            COLOURS[i % len(COLOURS)],
            MARKERS[i % len(MARKERS)],
            LINES[i // len(COLOURS) % len(LINES)],
            len(methods) > 10,
        )
        for i, method in enumerate(methods)
    }


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG that depends on nothing but what is drawn."""
    try:
        files.write(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
    finally:
        plt.close(figure)


def panels_of(count: int, names: Sequence[str], small: bool = False, columns: int = 4) -> tuple[Figure, list[Axes]]:
    """A figure of axes side by side, at most so many `columns`, with room for a legend of these names."""
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
    """A grid, and no frame above and to the right."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def with_legend(figure: Figure, title: str | None = None) -> Figure:
    """Name once, beside the axes, whatever is labelled in any of them."""
    named: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    if named:
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
