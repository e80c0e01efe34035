"""What stands behind README's answer: pairs of rules in every set of tables, and what is first on every kind of chip.

All of it is read from sets of tables on record and from their reports. No torch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import collected, markdown, standings
from snn.report.place import NOISE_AWARE, Place
from snn.report.verdicts import EQUIVALENT
from snn.report.words import listed

PAIRS = (("tet", "stbp"), ("tet", "sdt"), ("ltl_offline", "tet"), ("ltl_offline", "ltl_online"), ("tandem", "tet"))
ON_CHIPS = (DEFAULT_EXPERIMENT, "hardware_digits", "claims_calibration")
COMPARED = ((DEFAULT_EXPERIMENT, "mismatch"), ("hardware_digits", "analog_chip"))  # chips of pairs
ENERGIES = ("horowitz45_fp32", "horowitz45_int8", "horowitz45_memory")
CLEAN = Place(None, 0.0)
Pairs = Mapping[tuple[str, str], Mapping[str, Comparison]]  # by the two rules, then by set of tables
FEW = 2  # sets without a better rule that are named; of more, how many


def answer_of(found: record.TablesOnRecord) -> str:
    """The page with the answer of a set of tables; empty if it has no report."""
    page = found.report / "answer.md"
    return page.read_text() if page.exists() else ""


def marked(found: record.TablesOnRecord, row: standings.Row) -> standings.Row:
    """What is first at a place, which is named with its set, and with a mark if that is stale."""
    return row._replace(where=f"`{found.name}`, {row.where} {found.mark.strip()}".rstrip())


def pairs(shown: Sequence[record.TablesOnRecord], place: Place = CLEAN) -> Pairs:
    """The comparisons of every pair of rules at a place, by set of tables in the order of these."""
    sets = {one.name: Tables(one) for one in shown}
    known = [tables for tables in sets.values() if tables.has_outcomes]
    found = {pair: {one.tables.name: one for one in comparisons(Question(*pair, place), known)} for pair in PAIRS}
    return {pair: {name: own[name] for name in sets if name in own} for pair, own in found.items()}


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
    """What is first on chips of every kind, in Markdown."""
    rows = [
        marked(shown[name], row)
        for name in ON_CHIPS
        for way in ("chips", standings.CALIBRATED)
        for row in standings.read(answer_of(shown[name]), way)
    ]
    return standings.table(rows)


def pairs_on_chips(shown: Mapping[str, record.TablesOnRecord]) -> str:
    """The differences of pairs of rules on chips as manufactured and calibrated, in Markdown, a row per kind of chip.

    A pair that no set has on chips is left out. Empty without chips.
    """
    told: dict[str, list[str]] = {"where": []}
    for found, place in ((shown[name], place) for name, noise in COMPARED for place in _chips(shown[name], noise)):
        told["where"].append(f"`{found.name}`, {place.words}")
        for heading, cells in differences(pairs([found], place), [found.name]).items():
            told.setdefault(heading, []).extend(cells)
    kept = {heading: cells for heading, cells in told.items() if any(cells)}
    return markdown.table(kept) if kept else ""


def _chips(found: record.TablesOnRecord, noise: str) -> Iterator[Place]:
    """The levels of a noise that a set of tables has, as manufactured, then calibrated; none without outcomes."""
    tables = Tables(found)
    if not tables.has_outcomes:
        return
    runs = tables.runs
    levels = sorted(set(runs.level[(runs.noise == noise) & (runs.level > 0)]))
    yield from (Place(noise, level, calibrated=calibrated) for calibrated in (False, True) for level in levels)


def energy(found: record.TablesOnRecord) -> Iterator[str]:
    """A line on the energy of an inference over that of the teacher, every rule from the least, under two prices."""
    priced = _energies(found)
    told = [
        f"under {price} {', '.join(f'{one.method} {one.of_teacher:.2f}' for one in own.itertuples())}"
        for price in (ENERGIES[0], ENERGIES[-1])
        if len(own := priced[priced.convention == price].sort_values("of_teacher"))
    ]
    if told:
        yield f"* **Energy?** In `{found.name}`, over that of the teacher: {'; '.join(told)}.{found.mark.rstrip()}"


def energies(shown: Iterable[record.TablesOnRecord]) -> str:
    """The energy of an inference over that of the teacher by rule and price, with its interval, in Markdown."""
    rows: list[dict[str, str]] = []
    for found in shown:
        for method, prices in _energies(found).groupby("method", sort=False):
            one = prices.iloc[0]
            work = {"T": f"{one.steps:g}", "spikes per neuron": f"{one.spikes_per_neuron:.2f}"}
            rows.append({"set": f"`{found.name}`", "rule": str(method), **work, **_of_teacher(prices)})
    return markdown.table({name: [row[name] for row in rows] for name in rows[0]}) if rows else ""


def _energies(found: record.TablesOnRecord) -> pd.DataFrame:
    """The rows of energy.csv under the prices that are shown; none without a report."""
    table = found.report / "energy.csv"
    own = collected.read(table) if table.exists() else pd.DataFrame(columns=["method", "convention", "of_teacher"])
    return own[own.convention.isin(ENERGIES)]


def _of_teacher(prices: pd.DataFrame) -> dict[str, str]:
    """The ratios of a rule by price, and at which T it comes within a point of the teacher."""
    ratios = {
        str(one.convention): f"{one.of_teacher:.2f} ({one.of_teacher_low:.2f} to {one.of_teacher_high:.2f})"
        for one in prices.itertuples()
    }
    steps = prices.set_index("convention").steps_at_equal_accuracy[ENERGIES[0]]
    return {**ratios, "within a point of the teacher": "never" if pd.isna(steps) else f"T = {steps:g}"}


def ways(found: record.TablesOnRecord) -> str:
    """What fine-tuning on simulated chips and what calibration gains on the same chips, in Markdown, a row per rule.

    Empty without a report, or if no network was fine-tuned.
    """
    told = [
        {
            "set": f"`{found.name}`",
            "chips": f"{tuned.noise} at level {tuned.level:g}",
            "rule": tuned.method,
            "as manufactured": f"{tuned.noisy:.1f} %",
            "fine-tuned": f"{tuned.calibrated:.1f} %, {tuned.gain:+.1f} ± {tuned.gain_ci95:.1f}",
            "calibrated": f"{best.calibrated:.1f} %, {best.gain:+.1f} ± {best.gain_ci95:.1f}",
            "by": f"{best.calibrator}, {best.targets} targets",
        }
        for tuned, best in _tuned(found)
    ]
    return markdown.table({name: [row[name] for row in told] for name in told[0]}) if told else ""


def gains(found: record.TablesOnRecord) -> Iterator[str]:
    """A line on what fine-tuning and what calibration gains, from the least to the most over the rules."""
    if both := list(_tuned(found)):
        tuned, best = zip(*both, strict=True)
        spans = [
            f"{min(gains):+.1f} to {max(gains):+.1f} points"
            for gains in ([one.gain for one in side] for side in (tuned, best))
        ]
        where = f"{tuned[0].noise} at level {tuned[0].level:g} in `{found.name}`"
        yield f"* **Calibrate or fine-tune?** With {where}, fine-tuning gains {spans[0]}, calibration {spans[1]}."


def _tuned(found: record.TablesOnRecord) -> Iterator[tuple[Any, Any]]:
    """The rows of fine-tuned networks in hardware.csv, each with that of the best calibration of its rule."""
    table = found.report / "hardware.csv"
    rows = collected.read(table) if table.exists() else pd.DataFrame({"control": []})
    plain = rows[rows.control.isna()]
    for one in rows[rows.control == NOISE_AWARE].itertuples():
        same = plain[(plain.method == one.method) & (plain.noise == one.noise) & (plain.level == one.level)]
        yield one, same.loc[same.calibrated.idxmax()]


def _named(own: Sequence[Comparison]) -> str:
    """Sets of tables of one verdict: by how much a rule is better in each, or of many without one how many."""
    if len(own) > FEW and not own[0].winner:
        return f"{len(own)} sets"
    return listed([f"`{one.tables.name}`{f' ({one.lead})' if one.winner else ''}" for one in own])


def _cell(one: Comparison | None) -> str:
    """A difference with its interval, in bold if a rule is better; empty if one of them was not run."""
    if one is None:
        return ""
    return f"**{one.difference}**" if one.winner else f"{one.difference}, {one.verdict}"
