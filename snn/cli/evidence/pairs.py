"""Pairs of rules: in every set of tables, clean networks and chips, and a line on each pair."""

from collections.abc import Iterator, Mapping, Sequence

from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import markdown
from snn.report.place import Place
from snn.report.verdicts import EQUIVALENT
from snn.report.words import listed

PAIRS = (("tet", "stbp"), ("tet", "sdt"), ("ltl_offline", "tet"), ("ltl_offline", "ltl_online"), ("tandem", "tet"))
ON_CHIPS = (  # sets of tables, and kinds of their chips
    (DEFAULT_EXPERIMENT, "mismatch"),
    ("hardware", "mismatch"),
    ("hardware_digits", "analog_chip"),
    ("hardware", "analog_chip"),
)
CLEAN = Place(None, 0.0)
Pairs = Mapping[tuple[str, str], Mapping[str, Comparison]]  # by the two rules, then by set of tables
FEW = 2  # sets without a better rule that are named; of more, how many


def pairs(sets: Sequence[Tables], place: Place = CLEAN) -> Pairs:
    """The comparisons of every pair of rules at a place, by set of tables in the order of these."""
    known = [tables for tables in sets if tables.has_outcomes]
    found = {pair: {one.tables.name: one for one in comparisons(Question(*pair, place), known)} for pair in PAIRS}
    return {pair: {one.name: own[one.name] for one in sets if one.name in own} for pair, own in found.items()}


def sentences(compared: Pairs) -> Iterator[str]:
    """A line per pair of rules, on what the sets of tables say: first those in which one rule is better."""
    for (left, right), found in compared.items():
        own = sorted(found.values(), key=lambda one: (not one.winner, one.verdict != EQUIVALENT))
        told = [
            f"{verdict} in {_named([one for one in own if one.verdict == verdict])}"
            for verdict in dict.fromkeys(one.verdict for one in own)
        ]
        yield f"* **{left} or {right}?** {'; '.join(told) or 'no set has both'}."


def differences(compared: Pairs, sets: Sequence[str]) -> dict[str, list[str]]:
    """The differences of the pairs in sets of tables, by the headings of a table: see `_cell`."""
    return {f"{left} - {right}": [_cell(found.get(name)) for name in sets] for (left, right), found in compared.items()}


def on_chips(shown: Mapping[str, record.TablesOnRecord]) -> str:
    """The differences of pairs of rules on chips as manufactured and calibrated, in Markdown, a row per kind of chip.

    A pair that no set has on chips is left out. Empty without chips.
    """
    told: dict[str, list[str]] = {"where": []}
    sets = {name: Tables(shown[name]) for name, _ in ON_CHIPS}
    for tables, place in ((sets[name], place) for name, noise in ON_CHIPS for place in _chips(sets[name], noise)):
        told["where"].append(f"`{tables.name}`, {place.words}")
        for heading, cells in differences(pairs([tables], place), [tables.name]).items():
            told.setdefault(heading, []).extend(cells)
    kept = {heading: cells for heading, cells in told.items() if any(cells)}
    return markdown.table(kept) if kept else ""


def _chips(tables: Tables, noise: str) -> Iterator[Place]:
    """The levels of a noise that a set of tables has, as manufactured, then calibrated; none without outcomes."""
    if not tables.has_outcomes:
        return
    runs = tables.runs
    levels = sorted(set(runs.level[(runs.noise == noise) & (runs.level > 0)]))
    yield from (Place(noise, level, calibrated=calibrated) for calibrated in (False, True) for level in levels)


def _named(own: Sequence[Comparison]) -> str:
    """Sets of tables of one verdict: by how much a rule is better in each, or of many without one how many."""
    if len(own) > FEW and not own[0].winner:
        return f"{len(own)} sets"
    return listed([f"`{one.tables.name}`{f' ({one.lead})' if one.winner else ''}" for one in own])


def _cell(one: Comparison | None) -> str:
    """A difference with its interval, in bold if a rule is better, with a dagger if the pair was named beforehand.

    Empty if one of the two was not run.
    """
    if one is None:
        return ""
    dagger = "†" if one.named else ""
    return f"**{one.difference}**{dagger}" if one.winner else f"{one.difference}{dagger}, {one.verdict}"
