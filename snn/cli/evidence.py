"""What stands behind README's answer: pairs of rules in every set of tables, and what is first on every kind of chip.

All of it is read from sets of tables on record and from their reports. No torch.
"""

from collections.abc import Iterator, Mapping, Sequence

from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.config import Energy, params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import standings
from snn.report.candidates import Candidates
from snn.report.metric import SHOWN
from snn.report.place import Place
from snn.report.recommend import rules
from snn.report.verdicts import EQUIVALENT
from snn.report.words import listed

PAIRS = (("tet", "stbp"), ("tet", "sdt"), ("ltl_offline", "tet"), ("ltl_offline", "ltl_online"), ("tandem", "tet"))
ON_CHIPS = (DEFAULT_EXPERIMENT, "hardware_digits")
AT_ALL_LEVELS = ("hardware_digits", "analog_chip")  # a set of tables, and a kind of chips
ENERGY = "horowitz45_fp32"  # among candidates of equal means, the one that needs less is taken
CLEAN = Place(None, 0.0)
WAYS = {standings.MANUFACTURED: False, standings.CALIBRATED: True}  # whether chips are calibrated


def experiments() -> list[str]:
    """The experiments whose tables are shown beside those that README names."""
    return [*ON_CHIPS, AT_ALL_LEVELS[0]]


def answer_of(found: record.TablesOnRecord) -> str:
    """The page with the answer of a set of tables; empty if it has no report."""
    page = found.report / "answer.md"
    return page.read_text() if page.exists() else ""


def marked(found: record.TablesOnRecord, row: standings.Row) -> standings.Row:
    """What is first at a place, which is named with its set, and with a mark if that is stale."""
    return row._replace(where=f"`{found.name}`, {row.where} {found.mark.strip()}".rstrip())


def sentences(shown: Sequence[record.TablesOnRecord]) -> Iterator[str]:
    """A line per pair of rules, on what the sets of tables say of clean networks: first where one rule is better."""
    for (left, right), found in _pairs(shown).items():
        own = sorted(found.values(), key=lambda one: (not one.winner, one.verdict != EQUIVALENT))
        told = [
            f"{verdict} in {listed([_briefly(one) for one in own if one.verdict == verdict])}"
            for verdict in dict.fromkeys(one.verdict for one in own)
        ]
        yield f"* **{left} or {right}?** {'; '.join(told) or 'no set has both'}."


def differences(shown: Sequence[record.TablesOnRecord]) -> dict[str, list[str]]:
    """The differences of the pairs in every set of tables, by the headings of a table."""
    pairs = _pairs(shown).items()
    return {f"{left} - {right}": [_cell(found.get(one.name)) for one in shown] for (left, right), found in pairs}


def on_chips(shown: Mapping[str, record.TablesOnRecord]) -> str:
    """What is first on chips, in Markdown: of every kind what reports show, then one kind at all of its levels."""
    reported = [
        marked(shown[name], row)
        for name in ON_CHIPS
        for way in ("chips", standings.CALIBRATED)
        for row in standings.read(answer_of(shown[name]), way)
    ]
    name, noise = AT_ALL_LEVELS
    tables = Tables(shown[name])
    own = [marked(shown[name], row) for row in _at_all_levels(tables, noise)] if tables.has_outcomes else []
    return standings.table([*(row for row in reported if row.where not in {one.where for one in own}), *own])


def _pairs(shown: Sequence[record.TablesOnRecord]) -> dict[tuple[str, str], dict[str, Comparison]]:
    """The comparisons of every pair by set of tables, in the order in which these are shown."""
    sets = {one.name: Tables(one) for one in shown}
    known = [tables for tables in sets.values() if tables.has_outcomes]
    found = {pair: {one.tables.name: one for one in comparisons(Question(*pair, CLEAN), known)} for pair in PAIRS}
    return {pair: {name: own[name] for name in sets if name in own} for pair, own in found.items()}


def _briefly(one: Comparison) -> str:
    """A set of tables, with how far the better rule is ahead and the norms of the two networks if one is better."""
    if not one.winner:
        return f"`{one.tables.name}`"
    return f"`{one.tables.name}` ({one.lead}; {' / '.join(dict.fromkeys(one.norms))})"


def _cell(one: Comparison | None) -> str:
    """A difference with its interval, in bold if a rule is better; empty if one of them was not run."""
    if one is None:
        return ""
    return f"**{one.difference}**" if one.winner else f"{one.difference}, {one.verdict}"


def _at_all_levels(tables: Tables, noise: str) -> Iterator[standings.Row]:
    """What is first on one kind of chip, in every way and at every level."""
    runs, prices = tables.runs, params.load("energy", ENERGY)
    levels = sorted(set(runs.level[runs.noise == noise]))
    for where, calibrated in WAYS.items():
        for level in levels:
            place = Place(noise, level, calibrated=calibrated)
            if level and (found := tables.candidates(place)) is not None:
                yield _first(f"{where}, {noise} at level {level:g}", found, prices)


def _first(where: str, found: Candidates, prices: Energy) -> standings.Row:
    """What is first at a place, of the candidates at the steps that they were trained with."""
    ranked = rules(found, prices)
    first, metric = ranked.iloc[0], SHOWN[found.metric]
    unit = " %" if metric.unit == "%" else ""
    value = f"{metric.value(first.value_test, (first.high - first.low) / 2)}{unit}"
    others = {row.method: (metric.value(row.value_test), row.verdict) for row in ranked[1:].itertuples()}
    return standings.row(where, first.method, value, int(first.n), others, {})
