"""Which rule to take in which case, read off the tables of what is first where. No torch.

A case has several places: sets of tables, or levels of chips in them. A rule is taken if it was run in more than half
of them and in none another one is shown to be better; if there is no such rule, at every level for itself; else it
depends on the place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from snn.report.standings import Row
from snn.report.words import listed

IT_DEPENDS = "it depends"
Item = TypeVar("Item")
Key = TypeVar("Key")


class Evidence(NamedTuple):
    """A place of a case, a set of tables and the level of its chips, "" if networks are clean; what is first there."""

    name: str
    level: str
    row: Row


class Advice(NamedTuple):
    """What to take in a case, and why, in Markdown."""

    case: str
    take: str
    because: str


def rules(places: Sequence[Evidence]) -> dict[str, tuple[str, ...]]:
    """The rules to take by level: those that are unbeaten in all places, or at each level; empty if it depends."""
    everywhere, levels = _unbeaten(places), grouped(places, lambda place: place.level)
    taken = {level: tuple(everywhere or _unbeaten(own)) for level, own in levels.items()}
    return taken if all(taken.values()) else {}


def words(taken: Iterable[str]) -> str:
    """Rules to take, in Markdown."""
    return listed([f"**{rule}**" for rule in taken], "or") or IT_DEPENDS


def advice(case: str, places: Sequence[Evidence]) -> Advice:
    """What to take: rules that no other is shown to beat in any of the places, or in any of a level, or by place."""
    taken = _unbeaten(places)
    if not taken:
        return Advice(case, _by_level(rules(places)), _by_first(places))
    them, nowhere = "these" if taken[1:] else "it", _where(places, "or")
    missing = {m: [place for place in places if m not in place.row.methods] for m in taken}
    firsts = grouped(places, lambda place: place.row.no_worse[0])
    because = [f"nothing is shown to beat {them} {nowhere}"]
    because += [_higher(method, own, taken[0]) for method, own in firsts.items() if method not in taken]
    because += _ties(taken, places)
    because += [f"{method} was not run {_where(own, 'or')}" for method, own in missing.items() if own]
    return Advice(case, words(taken), "; ".join(because))


def _unbeaten(places: Sequence[Evidence]) -> list[str]:
    """The rules that are taken, those first that were run in most places."""
    methods = dict.fromkeys(method for place in places for method in place.row.no_worse)
    ran = {method: [place.row for place in places if method in place.row.methods] for method in methods}
    found = [method for method, own in ran.items() if all(method in row.no_worse for row in own)]
    return sorted((m for m in found if 2 * len(ran[m]) > len(places)), key=lambda m: -len(ran[m]))


def _ties(taken: Sequence[str], places: Sequence[Evidence]) -> list[str]:
    """Where other rules are not shown to be worse than one that is taken and first there."""
    first = (place for place in places if place.row.no_worse[0] in taken and place.level)
    found = grouped(first, lambda place: tuple(sorted(set(place.row.no_worse) - set(taken))))
    return [f"{listed(others)} not shown to be worse {_where(own)}" for others, own in found.items() if others]


def _by_level(taken: Mapping[str, Sequence[str]]) -> str:
    """What to take at every level, of levels with the same rules together; without levels it depends."""
    if not all(taken):
        return IT_DEPENDS
    same = grouped(sorted(taken, key=float), lambda level: tuple(taken[level]))
    told = [f"{words(own)} at level{'s' if levels[1:] else ''} {listed(levels)}" for own, levels in same.items()]
    return ", ".join(told) or IT_DEPENDS


def _by_first(places: Sequence[Evidence]) -> str:
    """The first rule of every place with those that are not told apart from it, places of the same rules together."""
    found = grouped(places, lambda place: (place.row.no_worse[0], *sorted(place.row.no_worse[1:])))
    return "; ".join(
        f"**{first}** is first {_where(own)}{f' ({listed(others)} not shown to be worse)' if others else ''}"
        for (first, *others), own in found.items()
    )


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Items by what they have in common, in their order."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _higher(method: str, places: Sequence[Evidence], taken: str) -> str:
    """Where a rule that is not taken has a higher mean than the first that is, with both means; not resolved."""
    means = [_means(place.row) for place in places]
    told = [f"{own[method]} beside {own[taken]}" for own in means if taken in own]
    return f"{method} has a higher mean {_where(places)}{f', {listed(told)}, not resolved' if told else ''}"


def _means(row: Row) -> dict[str, str]:
    """The means of the first method and of those that are not shown to be worse."""
    cells = [row.first.replace("*", ""), *filter(None, row.not_resolved_or_equivalent.split(", "))]
    return {method: mean for method, mean, *_ in (cell.split() for cell in cells)}


def _where(places: Sequence[Evidence], last: str = "and") -> str:
    """Places in words: "in `x` or `y`", "at levels 0.2 and 0.4 in `x`"."""
    levels: dict[str, list[str]] = {}
    for place in places:
        levels.setdefault(place.name, []).extend(filter(None, [place.level]))
    if not any(levels.values()):
        return f"in {listed([f'`{name}`' for name in levels], last)}"
    told = (f"at level{'s' if own[1:] else ''} {listed(own, last)} in `{name}`" for name, own in levels.items())
    return listed(list(told), last)
