"""README's answer in a line per case, counted over comparisons of the two rules that lead. No torch."""

from collections.abc import Iterator, Sequence

from snn.cli.by_case import DATA
from snn.cli.two_rules import RULES, Beside, Row, every
from snn.report import cases
from snn.report.words import listed

PLAIN = "mismatch"  # the kind of chip that was run in every way


def lines(found: Sequence[Row]) -> str:
    """A line per case without faults, and per way to use a chip and what to take there; then what helps, and how sure
    that is. In Markdown.
    """
    groups = cases.grouped(found, lambda row: (row.way or row.case, tuple(row.take.rules)))
    told = [f"{_when(own)}: {_take(own)}; {_leads(own)}." for own in groups.values()]
    return "".join(f"* {line}\n" for line in (*told, *_what_helps(found), _how_sure(found)))


def _when(own: Sequence[Row]) -> str:
    """A case in words, with the range of its levels."""
    levels = sorted((row.level for row in own), key=float) if own[0].way else []
    return f"{own[0].way.capitalize()}, mismatch {_range(levels)}" if levels else own[0].case.capitalize()


def _take(own: Sequence[Row]) -> str:
    """What to take at these levels, and on which data that is open at one of them."""
    return max((row.take.words for row in own), key=len)


def _leads(own: Sequence[Row]) -> str:
    """By how many points which of the two rules leads, and how often that is shown; by data if it turns with them."""
    on = {data: [row.on[data] for row in own if data in row.on] for data in DATA}
    every_one = [one for found in on.values() for one in found]
    if len({one.ahead for one in every_one}) == 1:
        return _lead(every_one)
    return "; ".join(f"on {DATA[data]} {_lead(found)}" for data, found in on.items() if found)


def _lead(found: Sequence[Beside]) -> str:
    """By how many points a rule leads the other, the same one in all comparisons, and in how many that is shown."""
    points = sorted((one.comparison.metric.value(abs(one.comparison.found.behind)) for one in found), key=float)
    shown = sum(bool(one.comparison.winner) for one in found)
    times = f"in {shown} of {len(found)}" if found[1:] else "" if shown else "in none"
    other = next(rule for rule in RULES if rule != found[0].ahead)
    return f"{found[0].ahead} leads {other} by {_range(points)} points, {f'shown {times}'.strip()}"


def _range(ordered: Sequence[str]) -> str:
    return ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"


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
    remain = [
        f"{one.comparison.winner} {row.way or 'without faults'}"
        for row in found
        for one in row.on.values()
        if one.remains(number)
    ]
    told = f"{better} of {number} comparisons show a better rule; {len(remain)} with intervals for all {number} (‡)"
    return f"How sure: {told}: {', '.join(dict.fromkeys(remain)) or 'none'}."
