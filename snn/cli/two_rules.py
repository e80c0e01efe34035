"""The two rules of README's answer side by side: what to take in every case, and by how much one leads. No torch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from snn.cli.by_case import DATA, At, Places, Take, by_level
from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.report.by_row import table
from snn.report.intervals import LEVEL
from snn.report.place import Place
from snn.report.verdicts import BETTER, WORSE

RULES = ("tet", "ltl_offline")


class Compared(NamedTuple):
    """The two rules at a place: their comparison, and what 95 % of new chips reach, by rule; empty without chips.

    `unbeaten`: of all rules the first and those that are not shown to be worse.
    """

    place: Place
    comparison: Comparison
    one_chip: Mapping[str, float]
    unbeaten: Sequence[str]

    @property
    def ahead(self) -> str:
        """The rule with the higher mean accuracy; empty if both have the same, or no seed in common."""
        behind = self.comparison.found.behind
        return RULES[0] if behind > 0 else RULES[1] if behind < 0 else ""

    def remains(self, comparisons: int) -> bool:
        """Whether one rule is shown to be better if the interval is widened for so many comparisons (Bonferroni)."""
        one = self.comparison
        if (candidates := one.tables.candidates(self.place)) is None:
            return False
        found = candidates.beside(int(one.left.name), int(one.right.name), LEVEL / max(comparisons, one.named))
        return found.verdict.startswith((BETTER, WORSE))

    @property
    def accuracies(self) -> str:
        """Both accuracies, those of one chip in brackets."""
        told = self.comparison.metric.value
        least = {rule: f" [{told(value)}]" for rule, value in self.one_chip.items()}
        both = zip(RULES, self.comparison.values, strict=True)
        return ", ".join(told(value) + least.get(rule, "") for rule, value in both)


class Row(NamedTuple):
    """A case at a level: what to take, and the two rules on every data set of README, by its name."""

    case: str
    level: str
    take: Take
    on: Mapping[str, Compared]

    @property
    def kind(self) -> str:
        """The kind of its chips; without chips that there are no faults."""
        return self.case.partition(", ")[0]

    @property
    def way(self) -> str:
        """How its chips are used; empty without chips."""
        return self.case.partition(", ")[2] if self.level else ""


def rows(found: Places, sets: Mapping[str, Tables]) -> list[Row]:
    """Every case at every level where a set of tables on a data set of README has both rules."""
    told = []
    for case, places in found.items():
        for level, take, own in by_level(places):
            if both := {data: one for data, at in own.items() for one in _beside(at, sets)}:
                told.append(Row(case.words, level, take, both))
    return told


def _beside(at: At, sets: Mapping[str, Tables]) -> Iterator[Compared]:
    """The two rules at a place, if it has both."""
    tables = sets[at.tables.name]
    for one in comparisons(Question(*RULES, at.place), [tables]) if tables.has_outcomes else ():
        candidates = tables.candidates(at.place) if at.level else None
        least = {
            side.method: candidates.interval(int(side.name))["one_chip"] for side in (one.left, one.right) if candidates
        }
        yield Compared(
            at.place, one, {rule: value for rule, value in least.items() if value is not None}, at.row.no_worse
        )


def side_by_side(found: Sequence[Row]) -> str:
    """A row per case and level: both accuracies and the difference on each data set, in Markdown.

    A difference is bold if one rule is shown to be better, and marked if it is so in all comparisons at once.
    """
    number = len(every(found))
    return table(
        [
            {
                "your case": row.case,
                "level": row.level,
                "take": row.take.words,
                **{heading: cell for data in DATA for heading, cell in _cells(row, data, number)},
                "calibrators and targets": "; ".join(_treated(row)),
                "sets": ", ".join(f"`{one.comparison.tables.name}`" for one in row.on.values()),
            }
            for row in found
        ]
    )


def _treated(row: Row) -> Iterator[str]:
    """How chips were tuned, on every data set."""
    return (told for one in row.on.values() if (told := one.comparison.cells["calibrators and targets"]))


def every(found: Iterable[Row]) -> list[Compared]:
    """All comparisons."""
    return [one for row in found for one in row.on.values()]


def _cells(row: Row, data: str, comparisons: int) -> Iterator[tuple[str, str]]:
    """What a row says of a data set, by heading; empty if it was not run there."""
    one = row.on.get(data)
    yield f"{DATA[data]}: {', '.join(RULES)}", one.accuracies if one else ""
    yield f"difference on {DATA[data]}", _difference(one, comparisons) if one else ""


def _difference(one: Compared, comparisons: int) -> str:
    told = one.comparison.difference + (" ‡" if one.remains(comparisons) else "")
    return f"**{told}**" if one.comparison.winner else told
