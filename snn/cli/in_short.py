"""README's answer: what to take in a line per way to use a chip, and by how much the two rules lead. No torch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from snn.cli import by_case
from snn.cli.by_case import DATA
from snn.cli.evidence import pairs
from snn.cli.sets import Tables
from snn.cli.two_rules import RULES, Compared, Row, every
from snn.report import cases
from snn.report.by_row import table
from snn.report.candidates import Beside
from snn.report.verdicts import BETTER, WORSE
from snn.report.words import listed

PLAIN = "mismatch"  # the kind of chip that was run in every way


def lines(found: Sequence[Row]) -> str:
    """What to take without faults and in every way to use a chip, what helps, and how sure that is; in Markdown."""
    told = [_way(way, own) for way, own in cases.grouped(found, lambda row: row.way).items()]
    return "".join(f"* {line}\n" for line in (*told, *_what_helps(found), _how_sure(found)))


def limits(found: Sequence[Row], sets: Mapping[str, Tables]) -> str:
    """How many leads stand in all comparisons at once, and with the same targets; in Markdown."""
    return "".join(f"* {line}\n" for line in (_remaining(found), *_same_targets(sets)))


def leads(found: Sequence[Row]) -> str:
    """By how many points which of the two rules leads, a row per case and what to take there; in Markdown.

    With how often a rule is shown to be better than all others, and of chips with what 95 % of new ones reach.
    """
    return table(
        [
            {
                "your case": f"{own[0].way or 'no faults'}, {_which(own)}",
                "take": _take(own),
                **dict(_on_data(own)),
                "shown to be better than every other rule": _alone(own),
            }
            for own in _groups(found)
        ]
    )


def _on_data(own: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Leads and what one chip reaches on every data set, by heading."""
    for data, words in DATA.items():
        here = [row.on[data] for row in own if data in row.on]
        yield f"lead on {words}", _lead(here)
        yield f"one chip on {words}", ", ".join(_one_chip(here))


def _one_chip(found: Sequence[Compared]) -> Iterator[str]:
    """What 95 % of new chips reach with either rule, in percent, over several levels."""
    for rule in RULES:
        known = [one.comparison.metric.value(one.one_chip[rule]) for one in found if rule in one.one_chip]
        if known:
            yield f"{rule} {_range(sorted(known, key=float))}"


def _alone(own: Sequence[Row]) -> str:
    """In how many places a rule is shown to be better than all others, by rule."""
    every_one = every(own)
    alone = Counter(one.unbeaten[0] for one in every_one if len(one.unbeaten) == 1)
    return ", ".join(f"{rule} in {times} of {len(every_one)}" for rule, times in alone.items()) or "none"


def _groups(found: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows by how chips are used and what to take, cases without faults each for itself."""

    def alike(row: Row) -> tuple[object, ...]:
        return row.way or row.case, tuple(row.take.rules) or tuple(row.take.firsts.items())

    yield from cases.grouped(found, alike).values()


def _way(way: str, own: Sequence[Row]) -> str:
    """What to take for chips that are used in a way, or without chips."""
    told = [f"{_take(rows)} ({_which(rows)})" for rows in _groups(own)]
    return f"{(way or 'no faults').capitalize()}: {'; '.join(told)}."


def _which(own: Sequence[Row]) -> str:
    """Of clean networks which; of chips their kinds and levels."""
    if not own[0].way:
        return own[0].case.partition(", ")[2]
    kinds = cases.grouped(own, lambda row: row.kind)
    return ", ".join(f"{kind} {listed([row.level for row in found])}" for kind, found in kinds.items())


def _take(own: Sequence[Row]) -> str:
    """What to take at these levels, and at which of them that is open on which data."""
    told = own[0].take._replace(open_on=()).words
    for data, words in DATA.items():
        if levels := dict.fromkeys(row.level for row in own if data in row.take.open_on):
            told += f", open on {words}" + (f" at {listed(list(levels))}" if any(levels) else "")
    return told


def _lead(found: Sequence[Compared]) -> str:
    """By how many points of the mean which rule leads, and in how many comparisons that is shown; empty without one."""
    told = []
    for rule in RULES:
        own = [one.comparison for one in found if one.ahead == rule]
        points = sorted((f"{one.metric.factor * abs(one.found.behind):+.1f}" for one in own), key=float)
        shown = sum(bool(one.winner) for one in own)
        if own:
            told.append(f"{rule} {_range(points)}, {shown} of {len(own)} shown")
    return "; ".join(told)


def _range(ordered: Sequence[str]) -> str:
    """The first and the last of several numbers."""
    return " to ".join(dict.fromkeys((ordered[0], ordered[-1])))


def _what_helps(found: Sequence[Row]) -> Iterator[str]:
    """What the two rules reach on plain chips by how these are used, where one set has all ways."""
    chips = [row for row in found if row.way and row.kind == PLAIN]
    ways = {row.way for row in chips}
    for level, own in cases.grouped(chips, lambda row: row.level).items():
        for data in DATA:
            here = {row.way: row.on[data].comparison for row in own if data in row.on}
            if here.keys() == ways and len({one.tables.name for one in here.values()}) == 1:
                told = [f"{' and '.join(map(one.metric.value, one.values))} % {way}" for way, one in here.items()]
                yield f"What helps: at {PLAIN} {level} on {DATA[data]} {listed(RULES)} reach {', '.join(told)}."


def _same_targets(sets: Mapping[str, Tables]) -> Iterator[str]:
    """How often which of the two rules is better on chips with the same kind of targets, by data and kind."""
    told = []
    for kind, words in (("teacher", "if all have those of the teacher"), ("own", "each those of its own network")):
        every_one = {name: pairs.tuned_alike(sets[name], RULES, kind) for name in by_case.CHIPS}
        if leads := [_counted(own, sets[name]) for name, own in every_one.items() if own]:
            told.append(f"{words}: {', '.join(leads)}")
    if told:
        yield f"**Targets differ**, what a chip is tuned towards. Leads that are shown {'; '.join(told)}."


def _counted(found: Sequence[Beside], tables: Tables) -> str:
    """How often which of the two rules is better, on which data."""
    better = [sum(one.verdict.startswith(verdict) for one in found) for verdict in (BETTER, WORSE)]
    where = DATA[tables.experiment.dataset]
    return f"{RULES[0]} {better[0]} and {RULES[1]} {better[1]} of {len(found)} on {where}"


def _how_sure(found: Sequence[Row]) -> str:
    """How many leads are shown, by one interval each and with intervals for all at once, and in which ways none is."""
    number = len(every(found))
    better = sum(bool(one.comparison.winner) for one in every(found))
    remain = [row.way for row in found for one in row.on.values() if one.remains(number)]
    none = [way or "without faults" for way in dict.fromkeys(row.way for row in found) if way not in remain]
    without = f", none {listed(none, 'or')}" if none else ""
    return f"How sure: {better} of {number} leads are shown; {len(remain)} with intervals for all {number}{without}."


def _remaining(found: Sequence[Row]) -> str:
    """The leads that are shown with intervals for all comparisons at once."""
    number, told = len(every(found)), []
    for row in found:
        where = f"{row.kind} {row.level} {row.way}" if row.way else row.case
        told += [
            f"{one.comparison.winner}, {where}, {DATA[data]}" for data, one in row.on.items() if one.remains(number)
        ]
    return f"**Uncorrected.** With intervals for all {number} (Bonferroni) are shown: {'; '.join(told) or 'none'}."
