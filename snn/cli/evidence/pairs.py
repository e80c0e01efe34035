"""Pairs of rules: in every set of tables, clean networks and chips."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from snn.cli.sets import Tables
from snn.cli.versus import Comparison, Question, comparisons
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import markdown
from snn.report.by_row import table
from snn.report.candidates import Beside, Candidates
from snn.report.metric import SHOWN
from snn.report.place import Place
from snn.report.recommend import apart
from snn.report.verdicts import BETTER, WORSE

PAIRS = (("tet", "stbp"), ("tet", "sdt"), ("ltl_offline", "tet"), ("ltl_offline", "ltl_online"), ("tandem", "tet"))
ON_CHIPS = (  # sets of tables, and kinds of their chips
    (DEFAULT_EXPERIMENT, "mismatch"),
    ("hardware", "mismatch"),
    ("hardware_digits", "analog_chip"),
    ("hardware", "analog_chip"),
)
TARGETS = {"own": "its own clean network", "teacher": "the teacher, labels"}
CLEAN = Place(None, 0.0)
Pairs = Mapping[tuple[str, str], Mapping[str, Comparison]]  # by the two rules, then by set of tables


def pairs(sets: Sequence[Tables], place: Place = CLEAN) -> Pairs:
    """The comparisons of every pair of rules at a place, by set of tables in the order of these."""
    known = [tables for tables in sets if tables.has_outcomes]
    found = {pair: {one.tables.name: one for one in comparisons(Question(*pair, place), known)} for pair in PAIRS}
    return {pair: {one.name: own[one.name] for one in sets if one.name in own} for pair, own in found.items()}


def differences(compared: Pairs, sets: Sequence[str]) -> dict[str, list[str]]:
    """The differences of the pairs in sets of tables, by the headings of a table: see `_cell`."""
    return {f"{left} - {right}": [_cell(found.get(name)) for name in sets] for (left, right), found in compared.items()}


def on_chips(sets: Mapping[str, Tables]) -> str:
    """The differences of pairs of rules on chips as manufactured and calibrated, in Markdown, a row per kind of chip.

    A pair that no set has on chips is left out. Empty without chips.
    """
    told: dict[str, list[str]] = {"where": []}
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


def by_targets(sets: Iterable[Tables]) -> str:
    """The differences of pairs of rules on chips tuned by one calibrator towards the same targets, in Markdown.

    A row per level, calibrator and kind of targets, where both kinds were tried; differences as those of `_cell`,
    uncorrected.
    """
    rows: list[dict[str, str]] = []
    for tables in sets:
        for noise, level, calibrator in _tried(tables):
            found = tables.candidates(Place(noise, level))
            for kind, words in TARGETS.items():
                where = {"chips": f"`{tables.name}`, {noise} at level {level:g}", "calibrator": calibrator}
                own = {
                    f"{one} - {two}": _told(found, _alike(found, (one, two), calibrator, kind)) for one, two in PAIRS
                }
                rows.append({**where, "targets": words, **own})
    kept = [heading for heading in rows[0] if any(row[heading] for row in rows)] if rows else []
    return table([{heading: row[heading] for heading in kept} for row in rows])


def tuned_alike(tables: Tables, pair: tuple[str, str], kind: str) -> list[Beside]:
    """A pair of rules on chips with the same kind of targets, at every level by every calibrator that had either."""
    every = ((tables.candidates(Place(noise, level)), calibrator) for noise, level, calibrator in _tried(tables))
    return [one for found, calibrator in every if (one := _alike(found, pair, calibrator, kind))]


def _tried(tables: Tables) -> list[tuple[str, float, str]]:
    """Noises, levels and calibrators with which chips of all rules were calibrated towards either kind of targets."""
    if not tables.has_outcomes:
        return []
    runs = tables.runs[tables.runs.calibrator.notna() & tables.runs.control.isna() & (tables.runs.level > 0)]
    by = ["noise", "level", "calibrator"]
    kinds = runs.groupby([*by, "method"], sort=False).targets.nunique().groupby(by, sort=False).min()
    return [(str(noise), float(level), str(one)) for noise, level, one in kinds.index[kinds == len(TARGETS)]]


def _alike(found: Candidates | None, pair: tuple[str, str], calibrator: str, kind: str) -> Beside | None:
    """Two rules whose chips were calibrated towards the same kind of targets; None without them."""
    if found is None:
        return None
    own = found.table[(found.table.calibrator == calibrator) & (found.table.targets == kind)]
    own = own[own.steps_eval == own.trained]
    sides = [own.index[own.method == method] for method in pair]
    if any(len(side) != 1 for side in sides):
        return None
    return found.beside(int(sides[0][0]), int(sides[1][0]))


def _told(found: Candidates | None, one: Beside | None) -> str:
    """A difference with its interval, bold if a rule is better; empty without one."""
    if found is None or one is None:
        return ""
    told = apart(SHOWN[found.metric], one.behind, one.behind_low, one.behind_high)
    return f"**{told}**" if one.verdict.startswith((BETTER, WORSE)) else f"{told}, {one.verdict}"


def _cell(one: Comparison | None) -> str:
    """A difference with its interval, in bold if a rule is better, with a dagger if the pair was named beforehand.

    Empty if one of the two was not run.
    """
    if one is None:
        return ""
    told = f"**{one.difference}**" if one.winner else one.difference
    return f"{told}{_dagger(one)}{'' if one.winner else f', {one.verdict}'}"


def _dagger(one: Comparison) -> str:
    """What marks the interval of a pair that the experiment names beforehand, which is wider."""
    return "†" if one.named else ""
