"""Which rule to take in which case, read off the tables of what is first where. No torch.

A case has several places, a set of tables and its kind of chips each. A rule is taken if in none of them another one is
shown to be better; if there is no such rule, it depends on the place.
"""

from collections.abc import Sequence
from typing import NamedTuple

from snn.report.standings import Row
from snn.report.words import listed

IT_DEPENDS = "it depends"


class Evidence(NamedTuple):
    """A place of a case, "in `matched`" or "at level 0.2", and what is first there."""

    where: str
    row: Row


class Advice(NamedTuple):
    """What to take in a case, and how sure that is, in Markdown."""

    case: str
    take: str
    because: str


def advice(case: str, places: Sequence[Evidence]) -> Advice:
    """What to take: rules that no other is shown to beat in any of the places, or else what is first in each."""
    first, *others = (place.row.no_worse for place in places)
    taken = [method for method in first if all(method in other for other in others)]
    if not taken:
        return Advice(case, IT_DEPENDS, _by_first(places))
    them, nowhere = "these" if taken[1:] else "it", listed([place.where for place in places], "or")
    because = [f"nothing is shown to beat {them} {nowhere}", *_elsewhere(taken, places)]
    return Advice(case, listed([f"**{method}**" for method in taken], "or"), "; ".join(because))


def _elsewhere(taken: Sequence[str], places: Sequence[Evidence]) -> list[str]:
    """The rules that are not shown to be beaten either, but were not run in all places."""
    methods = dict.fromkeys(method for place in places for method in place.row.methods if method not in taken)
    found = {method: [place for place in places if method in place.row.methods] for method in methods}
    missing = {
        method: listed([place.where for place in places if place not in own], "or")
        for method, own in found.items()
        if all(method in place.row.no_worse for place in own)
    }
    return [f"{method} is not beaten either, but was not run {where}" for method, where in missing.items()]


def _by_first(places: Sequence[Evidence]) -> str:
    """The first rule of every place, those of one rule together."""
    found: dict[str, list[str]] = {}
    for place in places:
        found.setdefault(place.row.no_worse[0], []).append(place.where)
    return "; ".join(f"**{method}** is first {listed(own)}" for method, own in found.items())
