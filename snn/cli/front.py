"""What README's first screen says: which rule to take in which case, with the accuracies; and the evidence behind it.

All of it is read from the reports of sets of tables on record. No torch.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from snn.cli import conditions
from snn.cli.evidence import about, answer_of, chips, costs, pairs, table
from snn.cli.sets import Tables
from snn.config import params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import cases, markdown, standings
from snn.report.place import Place
from snn.report.words import listed

FEW_SEEDS = ("cifar10-approx93_quick", "nmnist-1000-100_quick")
CHIPS = ("hardware_digits", "hardware")  # with every kind of chip, with calibrators, targets and fine-tuning
ENERGY = ("claims_fashion", DEFAULT_EXPERIMENT)  # whose energies are shown, those of the first on README
OTHERS = "docs/results/which-rule.md#chips-with-another-fault"
DATA = {"digits": "digits", "fashion_mnist": "a tenth of Fashion-MNIST"}  # columns of README, by data set


class Case(NamedTuple):
    """A case in words, and its places: experiments, and how their rows of answer.md begin."""

    words: str
    places: tuple[tuple[str, str], ...]


def _on_chips(words: str, way: str, noise: str) -> Case:
    return Case(words, tuple((name, f"{way}, {noise} at level") for name in CHIPS))


CASES = (
    Case(
        "no faults, batch norm possible",
        tuple((name, standings.CLEAN) for name in (DEFAULT_EXPERIMENT, "claims_fashion", "matched_norm", *FEW_SEEDS)),
    ),
    Case("no faults, no norm", tuple((name, standings.CLEAN) for name in ("matched", "matched_fashion"))),
    _on_chips("mismatch, as manufactured", standings.MANUFACTURED, "mismatch"),
    _on_chips("4 bits and mismatch, as manufactured", standings.MANUFACTURED, "analog_chip"),
    _on_chips("mismatch, calibrated", standings.CALIBRATED, "mismatch"),
    _on_chips("4 bits and mismatch, calibrated", standings.CALIBRATED, "analog_chip"),
    _on_chips("mismatch, fine-tuned on simulated chips", standings.FINE_TUNED, "mismatch"),
)


class At(NamedTuple):
    """A place: a set of tables, and what is first there."""

    tables: record.TablesOnRecord
    row: standings.Row

    @property
    def level(self) -> str:
        """The level of its chips; empty for clean networks."""
        return self.row.where.partition(" at level ")[2]

    @property
    def noise(self) -> str:
        """The noise of its chips; empty for clean networks."""
        return self.row.where.partition(" at level ")[0].rpartition(", ")[2] if self.level else ""

    @property
    def chips(self) -> str:
        """Noise and level of its chips."""
        return f"{self.noise} {self.level}"

    @property
    def mean(self) -> float:
        """The mean of the first rule."""
        return float(self.row.first.split()[1])

    @property
    def evidence(self) -> cases.Evidence:
        """What a case rests on here."""
        return cases.Evidence(self.tables.name, self.level, self.row)

    @property
    def place(self) -> Place:
        """Where `recommend` and `versus` look for it."""
        if not self.level:
            return Place(None, 0.0)
        calibrated = self.row.where.startswith(standings.CALIBRATED)
        tuned = self.row.where.startswith(standings.FINE_TUNED)
        return Place(self.noise, float(self.level), calibrated=calibrated, noise_aware=tuned)

    @property
    def dataset(self) -> str:
        """The data set of its experiment."""
        return params.load("experiments", self.tables.name).dataset


Places = Mapping[Case, Sequence[At]]


def experiments() -> list[str]:
    """The experiments whose tables are shown, each once."""
    of_cases = (name for case in CASES for name, _ in case.places)
    return list(dict.fromkeys([*of_cases, *CHIPS, *ENERGY, *chips.SETS]))


def texts(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, str]:
    """What is told in Markdown, from tables by experiment, by name; stale ones are marked.

    `cases`: what to take, with accuracies. `faults`: what else. `costs`: energy and training. `answer`: accuracies
    with the next rule. `why`, and more: the evidence.
    """
    found = places_of(shown)
    stale = {f"`{one.name}`": one.mark.strip() for one in _of(shown, experiments()) if one.mark}
    older = f"* Of older code: {listed(list(stale))}.\n" if stale else ""
    marks = "".join(f"\n{name}: {mark}\n" for name, mark in stale.items())
    others = _chips_without_mismatch(shown)
    return {
        "faults": _other_faults(others) + older,
        "cases": f"{table([_without(row, 'sets') for row in _accuracies(found, _leaders)])}\n",
        "answer": f"{table(_accuracies(found, _cell))}\n\n{_not_run(found)}{marks}",
        "costs": f"{costs.by_rule(shown[ENERGY[0]])}\n",
        "other faults": f"{_by_fault(others)}\n",
        "why": f"{markdown.table(_cases(found))}\n{marks}",
        **{name: f"{text}\n" for name, text in _evidence(shown, found).items()},
    }


def advice(shown: Mapping[str, record.TablesOnRecord]) -> list[cases.Advice]:
    """Which rule to take in each case. Of cases without a report here, none."""
    return [_advice(case.words, places) for case, places in places_of(shown).items()]


def _advice(words: str, places: Iterable[At]) -> cases.Advice:
    return cases.advice(words, [at.evidence for at in places])


def places_of(shown: Mapping[str, record.TablesOnRecord]) -> Places:
    """The places of every case that has a report here."""
    found = {
        case: [
            At(shown[name], row) for name, where in case.places for row in standings.read(answer_of(shown[name]), where)
        ]
        for case in CASES
    }
    return {case: places for case, places in found.items() if places}


def _other_faults(found: Mapping[str, Sequence[At]]) -> str:
    """A line on chips without mismatch: the rules that are seldom shown to be worse, and how often they are."""
    told = []
    for way, places in found.items():
        for rule, times in Counter(rule for at in places for rule in at.row.no_worse).most_common(1):
            told.append(f"{way} **{rule}**: no rule is shown to beat it in {times} of {len(places)} places")
    return f"* *Other faults*, [each at its hardest level]({OTHERS}): {'; '.join(told)}.\n" if told else ""


def _chips_without_mismatch(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, list[At]]:
    """Chips with other faults, by whether they are calibrated; none fine-tuned."""
    found = {}
    for words, way in (("as manufactured", standings.MANUFACTURED), ("calibrated", standings.CALIBRATED)):
        every = [At(one, row) for one in _of(shown, CHIPS) for row in standings.read(answer_of(one), way)]
        found[words] = [at for at in every if standings.FINE_TUNED not in at.row.where and not _has_mismatch(at.noise)]
    return {words: own for words, own in found.items() if own}


def _by_fault(found: Mapping[str, Sequence[At]]) -> str:
    """The rules in front on chips with every other fault, on either data, in Markdown."""
    return table(
        [
            {"chips": chips, "are": words, **_by_data({at.dataset: at for at in places}, _cell)}
            for words, own in found.items()
            for chips, places in cases.grouped(own, lambda at: at.chips).items()
        ]
    )


def _has_mismatch(noise: str) -> bool:
    return any(one.model == "mismatch" for one in params.load("noise", noise).models)


def _accuracies(found: Places, cell: Callable[[At], str]) -> list[dict[str, str]]:
    """By case and level what to take, and what is first on which data, a row each, by heading."""
    rows = []
    for case, places in found.items():
        take = cases.rules([at.evidence for at in places])
        for level in dict.fromkeys(at.level for at in places):
            own = {at.dataset: at for at in reversed(places) if at.level == level and at.dataset in DATA}
            told = {"your case": case.words, "level": level, "take": cases.words(take.get(level, ()))}
            sets = " ".join(f"`{own[name].tables.name}`" for name in DATA if name in own)
            rows.append({**told, **_by_data(own, cell), "sets": sets})
    return rows


def _without(row: Mapping[str, str], heading: str) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if name != heading}


def _by_data(own: Mapping[str, At], cell: Callable[[At], str]) -> dict[str, str]:
    """What is in front on the data sets of README, by the headings of a table."""
    return {f"on {words}": cell(own[name]) if name in own else "" for name, words in DATA.items()}


def _leaders(at: At) -> str:
    """The first rule of a place with its interval, and those that are not shown to be worse, with their means."""
    first, *apart = (_short_of(told) for told in (at.row.first, *at.row.not_resolved_or_equivalent.split(", ")) if told)
    return "; ".join(filter(None, (first, ", ".join(apart))))


def _cell(at: At) -> str:
    """The same, and the best of those that are shown to be worse."""
    worse = _short_of(at.row.worse.split(", ")[0])
    return "; worse: ".join(filter(None, (_leaders(at), worse)))


def _short_of(told: str) -> str:
    """A rule with its mean, without what is noted of it."""
    return told.split(" (")[0]


def _not_run(found: Places) -> str:
    """A sentence on the rules that are beaten nowhere in some place, and the sets of tables without them."""
    places = [at for own in found.values() for at in own]
    unbeaten = dict.fromkeys(m for at in places for m in at.row.no_worse if m not in conditions.UNTRAINED)
    without = {m: dict.fromkeys(f"`{at.tables.name}`" for at in places if m not in at.row.methods) for m in unbeaten}
    told = [f"{method} in {listed(list(names))}" for method, names in without.items() if names]
    return f"* Not run: {'; '.join(told)}.\n" if told else ""


def _evidence(shown: Mapping[str, record.TablesOnRecord], found: Places) -> dict[str, str]:
    """The tables behind the answer in Markdown, by name."""
    at_clean = (at.tables for places in found.values() for at in places if at.row.where == standings.CLEAN)
    clean = list({one.name: one for one in at_clean}.values())
    sets = {name: Tables(one) for name, one in shown.items()}
    names = [one.name for one in clean]
    compared = pairs.pairs([sets[name] for name in names])
    return {
        "sets": markdown.table({**about.sets(clean), **_firsts(clean)}),
        "pairs": markdown.table({"set": [f"`{name}`" for name in names], **pairs.differences(compared, names)}),
        "pairs on chips": pairs.on_chips(sets),
        "first on chips": chips.firsts(shown),
        "what helps chips": chips.ways(_of(shown, CHIPS)),
        "targets": chips.targets(_of(shown, CHIPS)),
        "pairs by targets": pairs.by_targets([sets[name] for name in CHIPS]),
        "energies": costs.energies(_of(shown, ENERGY)),
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
