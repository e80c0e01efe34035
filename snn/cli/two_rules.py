"""The two rules of README's answer side by side: what to take in every case, and by how much one leads. No torch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from snn.cli.by_case import DATA, At, Places
from snn.cli.evidence import table
from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.report import cases
from snn.report.intervals import LEVEL
from snn.report.place import Place
from snn.report.verdicts import BETTER, WORSE
from snn.report.words import listed

RULES = ("tet", "ltl_offline")
PLAIN = "mismatch"  # the chips of the cases that the table shows


class Beside(NamedTuple):
    """The two rules at a place: their comparison, and what 95 % of new chips reach, by rule; empty without chips."""

    place: Place
    comparison: Comparison
    one_chip: Mapping[str, float]

    def remains(self, comparisons: int) -> bool:
        """Whether one rule is shown to be better if the interval is widened for so many comparisons (Bonferroni)."""
        one = self.comparison
        if (candidates := one.tables.candidates(self.place)) is None:
            return False
        found = candidates.beside(int(one.left.name), int(one.right.name), LEVEL / comparisons)
        return found.verdict.startswith((BETTER, WORSE))

    @property
    def accuracies(self) -> str:
        """Both accuracies, those of one chip in brackets."""
        metric, one = self.comparison.metric, self.comparison
        least = {rule: f" [{metric.value(value)}]" for rule, value in self.one_chip.items()}
        return ", ".join(metric.value(side.value_test) + least.get(side.method, "") for side in (one.left, one.right))

    @property
    def difference(self) -> str:
        """The difference with its interval, bold if one rule is shown to be better."""
        one = self.comparison
        return f"**{one.difference}**" if one.winner else one.difference


class Row(NamedTuple):
    """A case at a level: what to take, and the two rules on every data set of README, by its name."""

    case: str
    level: str
    take: tuple[str, ...]
    on: Mapping[str, Beside]

    @property
    def kind(self) -> str:
        """The kind of its chips, if it has some."""
        return self.case.partition(", ")[0]

    @property
    def way(self) -> str:
        """How its chips are used; empty without chips."""
        return self.case.partition(", ")[2] if self.level else ""


def rows(found: Places, sets: Mapping[str, Tables]) -> list[Row]:
    """Every case at every level where a set of tables on a data set of README has both rules."""
    told = []
    for case, own in found.items():
        take = cases.rules([at.evidence for at in own])
        for level in dict.fromkeys(at.level for at in own):
            here = {at.dataset: at for at in reversed(own) if at.level == level and at.dataset in DATA}
            both = {data: one for data in DATA if data in here for one in _beside(here[data], sets)}
            if both:
                told.append(Row(case.words, level, tuple(take.get(level, ())), both))
    return told


def _beside(at: At, sets: Mapping[str, Tables]) -> Iterator[Beside]:
    """The two rules at a place, if it has both."""
    tables = sets[at.tables.name]
    for one in comparisons(Question(*RULES, at.place), [tables]) if tables.has_outcomes else ():
        candidates = tables.candidates(at.place) if at.level else None
        least = {
            side.method: candidates.interval(int(side.name))["one_chip"] for side in (one.left, one.right) if candidates
        }
        yield Beside(at.place, one, {rule: value for rule, value in least.items() if value is not None})


def side_by_side(found: Sequence[Row]) -> str:
    """A row per case and level: both accuracies and the difference on each data set, in Markdown.

    A difference is bold if one rule is shown to be better, and marked if it is so in all comparisons at once.
    """
    number = len(_every(found))
    return table(
        [
            {
                "your case": row.case,
                "level": row.level,
                "take": cases.words(row.take),
                **{heading: cell for data in DATA for heading, cell in _cells(row, data, number)},
            }
            for row in found
        ]
    )


def _every(found: Iterable[Row]) -> list[Beside]:
    return [one for row in found for one in row.on.values()]


def _cells(row: Row, data: str, comparisons: int) -> Iterator[tuple[str, str]]:
    """What a row says of a data set, by heading; empty if it was not run there."""
    one = row.on.get(data)
    yield f"{DATA[data]}: {', '.join(RULES)}", one.accuracies if one else ""
    yield f"difference on {DATA[data]}", _difference(one, comparisons) if one else ""


def _difference(one: Beside, comparisons: int) -> str:
    told = one.comparison.difference + (" ‡" if one.remains(comparisons) else "")
    return f"**{told}**" if one.comparison.winner else told


def in_short(found: Sequence[Row]) -> str:
    """A line per case without faults, and per way to use a chip and what to take there; and what helps, in Markdown."""
    groups = cases.grouped(found, lambda row: (row.way or row.case, row.take))
    told = [f"{_when(own)}: {cases.words(take)}; {_verdicts(own)}." for (_, take), own in groups.items()]
    return "".join(f"* {line}\n" for line in (*told, *_what_helps(found), *_corrected(found)))


def _when(own: Sequence[Row]) -> str:
    """A case in words, with kinds of chips and their levels."""
    if not (way := own[0].way):
        return own[0].case.capitalize()
    kinds = cases.grouped(own, lambda row: row.kind)
    levels = [f"{kind} {listed([row.level for row in found], 'or')}" for kind, found in kinds.items()]
    return f"{way.capitalize()} ({'; '.join(levels)})"


def _verdicts(own: Sequence[Row]) -> str:
    """Which rule is better than the other on which data, in how many of several comparisons, or who is ahead."""
    told: dict[str, list[str]] = {}
    for data in (data for data in DATA if any(data in row.on for row in own)):
        found = [row.on[data] for row in own if data in row.on]
        winners = [one.comparison.winner for one in found]
        for rule, other in (RULES, RULES[::-1]):
            if rule in winners:
                times = f" ({winners.count(rule)} of {len(winners)})" if winners[1:] else ""
                told.setdefault(f"{rule} is better than {other}", []).append(f"on {DATA[data]}{times}")
        if not any(winners):
            told.setdefault("the two are not told apart", []).append(f"on {DATA[data]}{_ahead(found)}")
    return "; ".join(f"{verdict} {listed(on)}" for verdict, on in told.items())


def _ahead(found: Sequence[Beside]) -> str:
    """The rule of which one chip reaches more in all of several comparisons, if there is one."""
    more = {max(one.one_chip, key=lambda rule: one.one_chip[rule], default="") for one in found}
    return f" (one chip reaches more with {more.pop()})" if len(more) == 1 and all(more) else ""


def _what_helps(found: Sequence[Row]) -> Iterator[str]:
    """What the first of the two rules reaches on plain chips by how they are used, at levels with all ways."""
    chips = [row for row in found if row.way and row.kind == PLAIN]
    ways = dict.fromkeys(row.way for row in chips)
    for level, own in cases.grouped(chips, lambda row: row.level).items():
        if len(own) == len(ways) > 1:
            told = ", ".join(f"{' and '.join(map(_mean, row.on.values()))} % {row.way}" for row in own)
            yield f"What helps: {RULES[0]} at {PLAIN} {level} reaches {told} ({', '.join(DATA.values())})."


def _corrected(found: Sequence[Row]) -> Iterator[str]:
    """How many comparisons show a better rule with intervals that are widened for all of them."""
    every = _every(found)
    if better := sum(bool(one.comparison.winner) for one in every):
        remain = sum(one.remains(len(every)) for one in every)
        yield f"How sure: {better} of {len(every)} comparisons show a better rule; {remain} with intervals for all (‡)."


def _mean(one: Beside) -> str:
    return one.comparison.metric.value(one.comparison.left.value_test)
