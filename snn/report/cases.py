"""Which rule to take in which case, read off the tables of what is first where. No torch.

A case has several places, a set of tables and its kind of chips each. A rule is taken if in none of them another one is
shown to be better; if there is no such rule, it depends on the place.
"""

from collections.abc import Sequence
from typing import NamedTuple

from snn.report.standings import Row
from snn.report.words import listed


class Evidence(NamedTuple):
    """A place of a case, "in `matched`" or "at level 0.2", and what is first there."""

    where: str
    row: Row


def advice(case: str, places: Sequence[Evidence]) -> str:
    """What to take, in a sentence or two of Markdown."""
    first, *others = (place.row.no_worse for place in places)
    taken = [method for method in first if all(method in other for other in others)]
    if not taken:
        return f"**{case}: it depends.** {_by_first(places)}."
    them, nowhere = "these" if taken[1:] else "it", listed([place.where for place in places], "or")
    told = f"**{case}: {listed(taken, 'or')}.** Nothing is shown to beat {them} {nowhere}"
    return "; ".join([told, *_elsewhere(taken, places)]) + "."


def _elsewhere(taken: Sequence[str], places: Sequence[Evidence]) -> list[str]:
    """The rules that are not shown to be beaten either, but were not run in all places."""
    found = {
        method: [place for place in places if method in place.row.methods]
        for place in places
        for method in place.row.methods
    }
    return [
        f"nor {method} {listed([place.where for place in own])}, the only place where it was run"
        if len(own) == 1
        else f"nor {method} {listed([place.where for place in own])}, where alone it was run"
        for method, own in found.items()
        if method not in taken and len(own) < len(places) and all(method in place.row.no_worse for place in own)
    ]


def _by_first(places: Sequence[Evidence]) -> str:
    """The first rule of every place, those of one rule together."""
    found: dict[str, list[str]] = {}
    for place in places:
        found.setdefault(place.row.no_worse[0], []).append(place.where)
    return "; ".join(f"{method} is first {listed(own)}" for method, own in found.items())
