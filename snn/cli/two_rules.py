"""The two rules of README's answer side by side: what to take in every case, and by how much one leads. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from snn.cli.by_case import DATA, At, Places
from snn.cli.evidence import table
from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.report import cases
from snn.report.words import listed

RULES = ("tet", "ltl_offline")
PLAIN = "mismatch"  # the chips of the cases that the table shows


class Row(NamedTuple):
    """A case at a level: what to take, and the comparison on every data set of README, by its name."""

    case: str
    level: str
    take: tuple[str, ...]
    compared: Mapping[str, Comparison]


def rows(found: Places, sets: Mapping[str, Tables]) -> list[Row]:
    """Every case at every level where a set of tables on a data set of README has both rules."""
    told = []
    for case, own in found.items():
        take = cases.rules([at.evidence for at in own])
        for level in dict.fromkeys(at.level for at in own):
            here = {at.dataset: at for at in reversed(own) if at.level == level and at.dataset in DATA}
            compared = {data: one for data in DATA if data in here for one in _compared(here[data], sets)}
            if compared:
                told.append(Row(case.words, level, tuple(take.get(level, ())), compared))
    return told


def _compared(at: At, sets: Mapping[str, Tables]) -> Sequence[Comparison]:
    tables = sets[at.tables.name]
    return list(comparisons(Question(*RULES, at.place), [tables])) if tables.has_outcomes else []


def side_by_side(found: Iterable[Row]) -> str:
    """Both accuracies and the difference on each data set, in Markdown.

    A row per case without faults, and per level of plain mismatch that every data set has.
    """
    return table(
        [
            {
                "your case": row.case,
                "level": row.level,
                "take": cases.words(row.take),
                **{f"{words}: {', '.join(RULES)}": _accuracies(row.compared[data]) for data, words in DATA.items()},
                **{f"difference on {words}": _difference(row.compared[data]) for data, words in DATA.items()},
            }
            for row in found
            if len(row.compared) == len(DATA) and (not row.level or row.case.startswith(f"{PLAIN}, "))
        ]
    )


def _accuracies(one: Comparison) -> str:
    return ", ".join(one.metric.value(side.value_test) for side in (one.left, one.right))


def _difference(one: Comparison) -> str:
    return f"**{one.difference}**" if one.winner else one.difference


def in_short(found: Iterable[Row]) -> str:
    """A line per case without faults, and per way to use a chip and what to take there, in Markdown."""
    groups = cases.grouped(found, lambda row: (_way(row) or row.case, row.take))
    return "".join(f"* {_when(own)}: {cases.words(take)}. {_how_often(own)}\n" for (_, take), own in groups.items())


def _way(row: Row) -> str:
    """How a chip is used; empty without one."""
    return row.case.partition(", ")[2] if row.level else ""


def _when(own: Sequence[Row]) -> str:
    """A case in words, with its levels."""
    way = _way(own[0])
    levels = sorted({row.level for row in own}, key=float) if way else []
    return f"Chips with mismatch {listed(levels, 'or')}, {way}" if way else own[0].case.capitalize()


def _how_often(own: Sequence[Row]) -> str:
    """In how many comparisons one of the two rules is better than the other, in a sentence."""
    winners = [one.winner for row in own for one in row.compared.values()]
    first, second = sorted(RULES, key=winners.count, reverse=True)
    among = f"of {len(winners)} comparisons"
    if not any(winners):
        return f"{first} and {second} are not told apart in any {among}."
    worse = f"worse in {winners.count(second) or 'none'}"
    return f"{first} is better than {second} in {winners.count(first)} {among}, {worse}."
