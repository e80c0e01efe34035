"""Colours, panels, legends and files of all figures.

A rule has one colour in the figures of all experiments; its methods differ in markers. A method has the same colour and
marker in all figures of an experiment, and one entry in a legend beside the axes. No torch.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
OF_RULE = {
    "stbp": 0,
    "tet": 1,
    "tandem": 2,
    "ltl": 3,
    "conversion": 4,
    "ann": 6,
}  # its colour; others take what is left
MARKERS = "oDs^vPX*<>ph"  # 7 and 12 have no common factor, so that 84 pairs differ
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


def styles(
    methods: Sequence[str], flagged: Collection[str] = (), rules: Mapping[str, str] | None = None
) -> dict[str, Style]:
    """A style for every method, with the colour of its rule in `rules`; a method that is not in it is its own rule.

    Methods of one colour differ in marker and line: the first 48 in one of them, the first 12 in the marker.
    """
    of_method = {method: (rules or {}).get(method, method) for method in methods}
    colours = _colours(list(dict.fromkeys(of_method.values())))
    looks, used = {}, Counter[int]()
    for method in sorted(methods, key=lambda method: method != of_method[method]):  # first the one that is the rule
        colour = colours[of_method[method]]
        before, used[colour] = used[colour], used[colour] + 1
        line = LINES[(before + before // len(MARKERS)) % len(LINES)]
        looks[method] = (COLOURS[colour], MARKERS[(colour + before) % len(MARKERS)], line)
    return {
        method: Style(f"{method} {MARK}" if method in flagged else method, *looks[method], len(methods) > 10)
        for method in methods
    }


def _colours(rules: Sequence[str]) -> dict[str, int]:
    """The colour of every rule: its own, or one that is left, which is shared from the eighth rule on."""
    known = {rule: OF_RULE[rule] for rule in rules if rule in OF_RULE}
    free = sorted(range(len(COLOURS)), key=lambda colour: (colour in OF_RULE.values(), colour in known.values()))
    others = [rule for rule in rules if rule not in known]
    return known | {rule: free[i % len(free)] for i, rule in enumerate(others)}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG and close it; the bytes depend only on what is drawn."""
    try:
        files.write(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
    finally:
        plt.close(figure)


def panels_of(
    count: int, names: Sequence[str], small: bool = False, columns: int = 4, height: float = 2.2, shared: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure with `count` axes in at most `columns` columns, and room for a legend with these names.

    `small`: small axes of this `height` in inches, which share the scale of y if it is `shared`.
    """
    columns = min(count, columns)
    rows = -(-count // columns)
    width, height = (2.4, height) if small else (6, 4.5)
    legend = -(-len(names) // IN_A_COLUMN) * (0.8 + 0.08 * max(map(len, names), default=0))
    size = (width * columns + legend, height * rows)
    figure, axes = plt.subplots(
        rows, columns, figsize=size, layout="constrained", sharey=small and shared, squeeze=False
    )
    for panel in axes.flat:
        bare(panel)
    for panel in axes.flat[count:]:
        panel.remove()
    return figure, list(axes.flat[:count])


def bare(axes: Axes) -> None:
    """Draw a grid, and no frame at the top and right."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def titled(figure: Figure, title: str) -> Figure:
    """Write what a figure shows above it, from its left edge on."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def empty(*lines: str) -> Figure:
    """A figure without data: in words why it is empty, and what would fill it."""
    figure, axes = plt.subplots(figsize=(9, 0.4 + 0.25 * len(lines)), layout="constrained")
    axes.text(0, 0.5, "\n".join(lines), va="center", fontsize=10)
    axes.set_axis_off()
    return figure


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
