"""README's figure: by how much tet leads ltl_offline in every case, with intervals. No torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snn.cli.by_case import DATA, At, places_of
from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.pipeline import record
from snn.report.canvas import COLOURS, MARKERS, bare, empty, save, titled

FIGURE = Path("docs/results/lead.svg")
RULES = ("tet", "ltl_offline")
INCHES = 0.27  # of a row
APART = 0.17  # of a row, between the points of two data sets


class Row(NamedTuple):
    """A case at a level: the comparison and what is first on every data set of README, by its name."""

    case: str
    level: str
    compared: Mapping[str, Comparison]
    firsts: Mapping[str, str]


def write(shown: Mapping[str, record.TablesOnRecord], path: Path = FIGURE) -> None:
    """Draw the figure into a file."""
    save(figure(rows(shown)), path)


def rows(shown: Mapping[str, record.TablesOnRecord]) -> list[Row]:
    """Every case at every level where a set of tables on a data set of README has both rules."""
    sets = {name: Tables(found) for name, found in shown.items()}
    found = []
    for case, own in places_of(shown).items():
        for level in dict.fromkeys(at.level for at in own):
            here = {at.dataset: at for at in reversed(own) if at.level == level and at.dataset in DATA}
            compared = {data: one for data in DATA if data in here for one in _compared(here[data], sets)}
            if compared:
                found.append(Row(case.words, level, compared, {data: _first(here[data]) for data in compared}))
    return found


def _compared(at: At, sets: Mapping[str, Tables]) -> Sequence[Comparison]:
    tables = sets[at.tables.name]
    return list(comparisons(Question(*RULES, at.place), [tables])) if tables.has_outcomes else []


def _first(at: At) -> str:
    """The first rule of a place with its mean."""
    return f"{at.row.no_worse[0]} {at.mean:.1f}"


def figure(found: Sequence[Row]) -> Figure:
    """A row per case and level, from top to bottom; at its right the first rule on every data set, with its mean."""
    if not found:
        return empty("No set of tables has tet and ltl_offline.")
    figure, axes = plt.subplots(figsize=(10.5, 1.7 + INCHES * len(found)), layout="constrained")
    bare(axes)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color="black", lw=0.8, zorder=2)
    for data, colour, marker in zip(DATA, COLOURS, MARKERS, strict=False):
        _points(axes, found, data, colour, marker)
    for i, row in enumerate(found):
        if i and row.case != found[i - 1].case:
            axes.axhline(i - 0.5, color="#D0D4D8", lw=0.8, zorder=0)
        told = "; ".join(row.firsts.get(data, "–") for data in DATA)
        axes.text(1.015, i, told, ha="left", va="center", fontsize=9.5, transform=axes.get_yaxis_transform())
    heading = f"highest mean, % on\n{'; '.join(DATA.values())}"
    axes.text(1.015, -0.7, heading, ha="left", va="bottom", fontsize=9, transform=axes.get_yaxis_transform())
    axes.set_yticks(range(len(found)), [f"{row.case} {row.level}".strip() for row in found], fontsize=9.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel(
        "← ltl_offline is ahead   |   points of test accuracy   |   tet is ahead →\n"
        "bar: 95 % interval for new seeds, chips and test samples; filled: shown to be better",
        fontsize=9.5,
    )
    axes.legend(loc="lower left", fontsize=9, frameon=False)
    return titled(figure, "tet minus ltl_offline: test accuracy, seed by seed on the same samples and chips")


def _points(axes: Axes, found: Sequence[Row], data: str, colour: str, marker: str) -> None:
    """The differences on a data set: filled where one of the two rules is shown to be better."""
    shift = APART * (2 * list(DATA).index(data) - 1)
    label: str | None = DATA[data]
    for i, one in ((i, row.compared[data]) for i, row in enumerate(found) if data in row.compared):
        value, low, high = (one.metric.factor * each for each in one.found[:3])
        face = colour if one.winner else "white"
        bar = [[value - low], [high - value]]
        axes.errorbar(
            value, i + shift, xerr=bar, color=colour, marker=marker, mfc=face, ms=5, capsize=2, ls="", label=label
        )
        label = None
