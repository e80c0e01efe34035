"""README's answer in a line per case, counted over comparisons of the two rules that lead. No torch."""

from collections.abc import Iterator, Sequence

from snn.cli.by_case import DATA
from snn.cli.two_rules import RULES, Row, every
from snn.report import cases
from snn.report.words import listed

PLAIN = "mismatch"  # the kind of chip that was run in every way


def lines(found: Sequence[Row]) -> str:
    """A line per case without faults, and per way to use a chip and what to take there; then what helps, and how sure
    that is. In Markdown.
    """
    groups = cases.grouped(found, lambda row: (row.way or row.case, row.take))
    told = [f"{_when(own)}: {_advice(own)}; {_verdicts(own)}." for own in groups.values()]
    return "".join(f"* {line}\n" for line in (*told, *_what_helps(found), _how_sure(found)))


def _when(own: Sequence[Row]) -> str:
    """A case in words, with kinds of chips and their levels."""
    if not (way := own[0].way):
        return own[0].case.capitalize()
    kinds = cases.grouped(own, lambda row: row.kind)
    levels = [f"{kind} {listed([row.level for row in found], 'or')}" for kind, found in kinds.items()]
    return f"{way.capitalize()} ({'; '.join(levels)})"


def _advice(own: Sequence[Row]) -> str:
    """What to take at these levels, and on which data that is open at one of them."""
    return max((row.advice for row in own), key=len)


def _verdicts(own: Sequence[Row]) -> str:
    """Which rule is better than the other on which data, and in how many of several comparisons."""
    told: dict[str, list[str]] = {}
    for data in (data for data in DATA if any(data in row.on for row in own)):
        winners = [row.on[data].comparison.winner for row in own if data in row.on]
        for rule, other in (RULES, RULES[::-1]):
            if rule in winners:
                times = f" ({winners.count(rule)} of {len(winners)})" if winners[1:] else ""
                told.setdefault(f"{rule} is better than {other}", []).append(f"on {DATA[data]}{times}")
        if not any(winners):
            told.setdefault(f"{listed(RULES)} are not told apart", []).append(f"on {DATA[data]}")
    return "; ".join(f"{verdict} {listed(on)}" for verdict, on in told.items())


def _what_helps(found: Sequence[Row]) -> Iterator[str]:
    """What the first of the two rules reaches on plain chips by how they are used, where one set has all ways."""
    chips = [row for row in found if row.way and row.kind == PLAIN]
    ways = {row.way for row in chips}
    for level, own in cases.grouped(chips, lambda row: row.level).items():
        for data in DATA:
            here = {row.way: row.on[data].comparison for row in own if data in row.on}
            if here.keys() == ways and len({one.tables.name for one in here.values()}) == 1:
                told = [f"{one.metric.value(one.left.value_test)} % {way}" for way, one in here.items()]
                yield f"What helps: {RULES[0]} at {PLAIN} {level} on {DATA[data]} reaches {listed(told)}."


def _how_sure(found: Sequence[Row]) -> str:
    """How many comparisons show a better rule, and which of them with intervals that are widened for all."""
    number = len(every(found))
    better = sum(bool(one.comparison.winner) for one in every(found))
    remain = [row.way or row.case for row in found for one in row.on.values() if one.remains(number)]
    told = f"{better} of {number} comparisons show a better rule; {len(remain)} with intervals for all {number}"
    return f"How sure: {told} (Bonferroni, ‡): {'; '.join(dict.fromkeys(remain)) or 'none'}."
