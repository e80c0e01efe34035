"""What README's first screen says: which rule to take in which case, with the accuracies; and the evidence behind it.

All of it is read from the reports of sets of tables on record. No torch.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from snn.cli import accuracies, by_case, in_short, two_rules
from snn.cli.by_case import At, Places, places_of
from snn.cli.evidence import about, answer_of, chips, costs, pairs
from snn.cli.shown import Shown
from snn.config import params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import cases, markdown, standings
from snn.report.by_row import table
from snn.report.words import listed

ENERGY = ("claims_fashion", DEFAULT_EXPERIMENT)  # whose energies are shown, those of the first on README
LOW = 50  # percent
OTHERS = "docs/results/which-rule.md#chips-with-another-fault"


def experiments() -> list[str]:
    """The experiments whose tables are shown, each once."""
    of_cases = (name for case in by_case.CASES for name, _ in case.places)
    return list(dict.fromkeys([*of_cases, *by_case.CHIPS, *ENERGY, *chips.SETS]))


def texts(shown: Shown) -> dict[str, str]:
    """What is told in Markdown, by name; stale sets are marked.

    `in short`: what to take. `cases`: by how much it leads. `limits`: of that. `side by side`: the two rules that lead.
    `costs`: energy and training. `answer`: accuracies of all rules. `why`, and more: the evidence.
    """
    tables = shown.tables
    stale = {f"`{one.name}`": one.mark.strip() for one in _of(tables, experiments()) if one.mark}
    older = f"* Of older code: {listed(list(stale))}.\n" if stale else ""
    marks = "".join(f"\n{name}: {mark}\n" for name, mark in stale.items())
    others = _chips_without_mismatch(tables)
    return {
        "in short": in_short.lines(shown.compared) + older,
        "limits": in_short.limits(shown.compared, shown.sets) + _other_faults(others),
        "cases": f"{in_short.leads(shown.compared)}\n",
        "side by side": f"{two_rules.side_by_side(shown.compared)}\n",
        "answer": f"{table(accuracies.by_level(shown.places, shown.sets))}\n{marks}",
        "costs": f"{costs.by_rule(tables[ENERGY[0]])}\n",
        "other faults": f"{_by_fault(others)}\n",
        "why": f"{markdown.table(_cases(shown.places))}\n{marks}",
        **{name: f"{text}\n" for name, text in _evidence(shown).items()},
    }


def advice(shown: Mapping[str, record.TablesOnRecord]) -> list[cases.Advice]:
    """Which rule to take in each case. Of cases without a report here, none."""
    return [_advice(case.words, places) for case, places in places_of(shown).items()]


def _advice(words: str, places: Sequence[At]) -> cases.Advice:
    found = cases.advice(words, [at.evidence for at in places])
    open_at = [
        f"level {level} on {take.where}" for level, take, _ in by_case.by_level(places) if take.open_on and level
    ]
    return found._replace(take=f"{found.take}; open at {listed(open_at)}") if open_at else found


def _other_faults(found: Mapping[str, Sequence[At]]) -> str:
    """A line on chips without mismatch: the rules that are seldom shown to be worse, and where they are."""
    told = []
    for way, places in found.items():
        for rule, times in Counter(rule for at in places for rule in at.row.no_worse).most_common(1):
            low = sum(at.mean < LOW for at in places if rule in at.row.no_worse)
            few = f", {low} of them below {LOW} % accuracy" if low else ""
            worse = cases.grouped((at for at in places if rule not in at.row.no_worse), lambda at: at.dataset)
            beaten = [f"{listed([at.noise for at in own])} on {by_case.DATA[data]}" for data, own in worse.items()]
            but = f", beaten at {listed(beaten)}" if beaten else ""
            told.append(f"{way} **{rule}**, unbeaten in {times} of {len(places)}{few}{but}")
    return f"* **[Other faults]({OTHERS})**, each at its hardest level: {'; '.join(told)}.\n" if told else ""


def _chips_without_mismatch(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, list[At]]:
    """Chips with other faults, by whether they are calibrated; none fine-tuned."""
    found = {}
    for words, way in (("as manufactured", standings.MANUFACTURED), ("calibrated", standings.CALIBRATED)):
        every = [At(one, row) for one in _of(shown, by_case.CHIPS) for row in standings.read(answer_of(one), way)]
        found[words] = [at for at in every if standings.FINE_TUNED not in at.row.where and not _has_mismatch(at.noise)]
    return {words: own for words, own in found.items() if own}


def _by_fault(found: Mapping[str, Sequence[At]]) -> str:
    """The rules in front on chips with every other fault, on either data, in Markdown."""
    return table(
        [
            {"chips": chips, "are": words, **accuracies.by_data({at.dataset: at for at in places}, accuracies.cell)}
            for words, own in found.items()
            for chips, places in cases.grouped(own, lambda at: at.chips).items()
        ]
    )


def _has_mismatch(noise: str) -> bool:
    return any(one.model == "mismatch" for one in params.load("noise", noise).models)


def _evidence(shown: Shown) -> dict[str, str]:
    """The tables behind the answer in Markdown, by name."""
    tables, sets = shown.tables, shown.sets
    at_clean = (at.tables for places in shown.places.values() for at in places if at.row.where == standings.CLEAN)
    clean = list({one.name: one for one in at_clean}.values())
    names = [one.name for one in clean]
    compared = pairs.pairs([sets[name] for name in names])
    return {
        "sets": markdown.table({**about.sets(clean), **_firsts(clean)}),
        "pairs": markdown.table({"set": [f"`{name}`" for name in names], **pairs.differences(compared, names)}),
        "pairs on chips": pairs.on_chips(sets),
        "first on chips": chips.firsts(tables),
        "what helps chips": chips.ways(_of(tables, by_case.CHIPS)),
        "targets": chips.targets(_of(tables, by_case.CHIPS)),
        "pairs by targets": pairs.by_targets([sets[name] for name in by_case.CHIPS]),
        "energies": costs.energies(_of(tables, ENERGY)),
        "trainings": costs.of_training(sets[ENERGY[0]]),
    }


def _of(shown: Mapping[str, record.TablesOnRecord], names: Iterable[str]) -> list[record.TablesOnRecord]:
    return [shown[name] for name in names]


def _cases(found: Places) -> dict[str, list[str]]:
    """What to take in each case, and why, by the headings of a table."""
    told = [_advice(case.words, places) for case, places in found.items()]
    return {
        "your case": [one.case for one in told],
        "take": [one.take for one in told],
        "because": [one.because for one in told],
    }


def _firsts(shown: Sequence[record.TablesOnRecord]) -> dict[str, list[str]]:
    """What is first in clean networks of sets of tables, by the heading of a column."""
    rows = [standings.read(answer_of(found), standings.CLEAN)[0] for found in shown]
    told = [(row.first.partition(" (")[0], row.not_resolved_or_equivalent) for row in rows]
    return {"first; not resolved or equivalent": ["; ".join(filter(None, both)) for both in told]}
