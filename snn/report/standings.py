"""Which rule is first where: clean networks and chips, of many kinds most of one fault at the hardest level. No torch.

The table says what the sentences of the answer say, read off the same verdicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from snn.report import markdown
from snn.report.answer import Answer
from snn.report.flags import AT_CHANCE, at_chance
from snn.report.verdicts import EQUIVALENT, WORSE

CLEAN, CALIBRATED, MANUFACTURED = "clean networks", "calibrated chips", "chips as manufactured"
FINE_TUNED = "chips as manufactured, fine-tuned on simulated chips"


class Row(NamedTuple):
    """The cells of a row: the method with the best mean, and all others by their verdict against it."""

    where: str
    first: str
    not_resolved_or_equivalent: str
    worse: str

    @property
    def no_worse(self) -> list[str]:
        """The first method and those of which it is not shown to be better."""
        return [*_methods(self.first), *_methods(self.not_resolved_or_equivalent)]

    @property
    def methods(self) -> list[str]:
        """All methods of the row."""
        return [*self.no_worse, *_methods(self.worse)]


def rows(answer: Answer) -> Iterator[Row]:
    """Clean networks, then chips of every kind, as manufactured and calibrated; none if all rules are at chance."""
    if answer.best is None or answer.at_chance:
        return
    n = int(answer.clean.set_index("method").n[answer.best])
    others = {method: (answer.mean(method), versus.verdict) for method, versus in answer.beside_best.items()}
    notes = {method: f"collapsed in {number} seeds" for method, number in answer.collapsed.items()}
    yield row(CLEAN, answer.best, answer.value(answer.best), n, others, notes)
    kinds = {MANUFACTURED: answer.chips.kinds, FINE_TUNED: answer.chips.fine_tuned, CALIBRATED: answer.chips.kinds}
    for where, noise, level in ((where, *chip) for where, chips in kinds.items() for chip in chips):
        ranked = answer.chips.ranked(noise, level, where == CALIBRATED, where == FINE_TUNED)
        shown = answer.inputs.metric
        first, unit = ranked.iloc[0], " %" if shown.unit == "%" else ""
        value = f"{shown.value(first.value_test, (first.high - first.low) / 2)}{unit}"
        others = {row.method: (shown.value(row.value_test), row.verdict) for row in ranked[1:].itertuples()}
        notes = dict.fromkeys(ranked.method[at_chance(ranked.low, answer.inputs.classes)], AT_CHANCE)
        yield row(f"{where}, {noise} at level {level:g}", first.method, value, int(first.n), others, notes)


def row(
    where: str, first: str, value: str, n: int, others: Mapping[str, tuple[str, str]], notes: Mapping[str, str]
) -> Row:
    """The row of a place, with a value of n seeds of the first method.

    `others`: mean and verdict by method, the best mean first; `notes`: what else a reader needs, by method.
    """
    apart: list[str] = []
    worse: list[str] = []
    for method, (mean, verdict) in others.items():
        beside = [*([EQUIVALENT] if verdict == EQUIVALENT else []), *([notes[method]] if method in notes else [])]
        told = f" ({'; '.join(beside)})" if beside else ""
        (worse if verdict.startswith(WORSE) else apart).append(f"{method} {mean}{told}")
    seeds = "; ".join([f"{n} seeds" if n > 1 else "1 seed", *([notes[first]] if first in notes else [])])
    return Row(where, f"**{first}** {value} ({seeds})", ", ".join(apart), ", ".join(worse))


def table(shown: Sequence[Row], where: str = "where") -> str:
    """The table in Markdown; `where` is the heading of its first column. Empty without rows."""
    headings = (where, *(name.replace("_", " ") for name in Row._fields[1:]))
    return markdown.table(dict(zip(headings, zip(*shown, strict=True), strict=True))) if shown else ""


def read(page: str, where: str) -> list[Row]:
    """The rows of the places that begin so, from a page with the table."""
    lines = (line for line in page.splitlines() if line.startswith(f"| {where}"))
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


def _methods(cell: str) -> list[str]:
    """The methods that a cell names."""
    return [part.split()[0].strip("*") for part in cell.split(", ") if part]
