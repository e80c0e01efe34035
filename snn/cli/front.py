"""What README's first screen says: which rule to take in which case, the places behind it, and what else is told.

All of it is read from the reports of sets of tables on record. No torch.
"""

from collections.abc import Iterable, Mapping, Sequence

from snn.cli import conditions
from snn.cli.evidence import answer_of, chips, costs, pairs
from snn.cli.sets import Tables
from snn.config import params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import cases, collected, markdown, standings
from snn.report.words import listed

FEW_SEEDS = ("cifar10-approx93_quick", "nmnist-1000-100_quick")
CHIPS = ("hardware_digits", "hardware")  # with every kind of chip, with calibrators, targets and fine-tuning
MISMATCH, ANALOG = ", mismatch at level", ", analog_chip at level"
CASES = (  # a case in words, and its places: an experiment and how its rows of answer.md begin
    (
        "no faults, batch norm possible",
        tuple((name, standings.CLEAN) for name in ("claims_fashion", DEFAULT_EXPERIMENT, "matched_norm", *FEW_SEEDS)),
    ),
    (
        "no faults, no norm in the spiking network",
        (("matched_fashion", standings.CLEAN), ("matched", standings.CLEAN)),
    ),
    (
        "chip with mismatch, calibrated",
        tuple((name, standings.CALIBRATED + MISMATCH) for name in (DEFAULT_EXPERIMENT, "hardware")),
    ),
    (
        "chip with mismatch, as manufactured",
        tuple((name, standings.MANUFACTURED + MISMATCH) for name in (DEFAULT_EXPERIMENT, "hardware")),
    ),
    (
        "chip with mismatch, fine-tuned on simulated chips",
        tuple((name, standings.FINE_TUNED + MISMATCH) for name in CHIPS),
    ),
    (
        "chip of 4 bits with mismatch and more, calibrated",
        tuple((name, standings.CALIBRATED + ANALOG) for name in CHIPS),
    ),
    (
        "chip of 4 bits with mismatch and more, as manufactured",
        tuple((name, standings.MANUFACTURED + ANALOG) for name in CHIPS),
    ),
)
ENERGY = ("claims_fashion", DEFAULT_EXPERIMENT)  # whose energies are shown, those of the first on README

At = tuple[record.TablesOnRecord, standings.Row]  # a place: a set of tables, and what is first there


def experiments() -> list[str]:
    """The experiments whose tables are shown, each once."""
    of_cases = (name for _, own in CASES for name, _ in own)
    return list(dict.fromkeys([*of_cases, *CHIPS, *ENERGY, *chips.SETS]))


def texts(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, str]:
    """What is told in Markdown, from tables by experiment, by name; stale ones are marked.

    `short`: the answer in a few lines. `answer`: by case, by pair of rules, by set of tables. `behind`: the evidence.
    """
    found = _places(shown)
    every = (at for places in found.values() for at in places)
    clean = list({one.name: one for one, row in every if row.where == standings.CLEAN}.values())
    taken, compared = _advice(found), pairs.pairs([Tables(one) for one in clean])
    told = [
        *pairs.sentences(compared),
        *chips.gains(_of(shown, CHIPS)),
        *costs.energy(shown[ENERGY[0]]),
        *costs.training(shown[ENERGY[0]]),
    ]
    answer = (markdown.table(_cases(taken, found)), "\n".join(told), markdown.table(_sets(clean)))
    stale = {f"`{one.name}`": one.mark.strip() for one in _of(shown, experiments()) if one.mark}
    older = f"* Of older code: {listed(list(stale))}.\n" if stale else ""
    marks = "".join(f"\n{name}: {mark}\n" for name, mark in stale.items())
    return {
        "short": _short(taken) + older,
        "answer": "\n\n".join(answer) + "\n" + marks,
        "behind": _behind(shown, compared, [one.name for one in clean]) + marks,
    }


def _behind(shown: Mapping[str, record.TablesOnRecord], compared: pairs.Pairs, clean: Sequence[str]) -> str:
    """The tables behind the answer, each under its title; `clean`: the sets whose pairs were compared."""
    names = {"set": [f"`{name}`" for name in clean]}
    tables = {
        "Clean networks: pairs of rules": markdown.table(names | pairs.differences(compared, clean)),
        "Chips: pairs of rules": pairs.on_chips(shown),
        "Chips: what is first": chips.firsts(shown),
        "Chips: what helps": chips.ways(_of(shown, CHIPS)),
        "Chips: targets of a calibration": chips.targets(_of(shown, CHIPS)),
        "Chips: pairs of rules with the same targets": pairs.by_targets(_of(shown, CHIPS)),
        "Energy of an inference, over that of the teacher": costs.energies(_of(shown, ENERGY)),
        "Processor time of a training": costs.of_training(shown[ENERGY[0]]),
    }
    return "\n".join(f"### {title}\n\n{text}\n" for title, text in tables.items() if text)


def _of(shown: Mapping[str, record.TablesOnRecord], names: Iterable[str]) -> list[record.TablesOnRecord]:
    return [shown[name] for name in names]


def advice(shown: Mapping[str, record.TablesOnRecord]) -> list[cases.Advice]:
    """Which rule to take in each case. Of cases without a report here, none."""
    return _advice(_places(shown))


def _places(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, list[At]]:
    """The places of every case that has a report here."""
    found = {
        case: [(shown[name], row) for name, where in places for row in standings.read(answer_of(shown[name]), where)]
        for case, places in CASES
    }
    return {case: places for case, places in found.items() if places}


def _cases(told: Sequence[cases.Advice], found: Mapping[str, Sequence[At]]) -> dict[str, list[str]]:
    """What to take in each case, why, and on which data that rests, by the headings of a table."""
    return {
        "your case": [one.case for one in told],
        "take": [one.take for one in told],
        "because": [one.because for one in told],
        "on": [_data([one for one, _ in places]) + _not_run(found, case) for case, places in found.items()],
    }


def _not_run(found: Mapping[str, Sequence[At]], case: str) -> str:
    """The rules that are beaten nowhere in some place of another case, and were not run in this one."""
    unbeaten = dict.fromkeys(method for places in found.values() for _, row in places for method in row.no_worse)
    here = {method for _, row in found[case] for method in row.methods}
    missing = [method for method in unbeaten if method not in here and method not in conditions.UNTRAINED]
    return f"; not run: {listed(missing)}" if missing else ""


def _advice(found: Mapping[str, Sequence[At]]) -> list[cases.Advice]:
    return [cases.advice(case, [_evidence(*at) for at in places]) for case, places in found.items()]


def _short(told: Sequence[cases.Advice]) -> str:
    """A line for all cases in which the same is taken, then one for each in which it depends."""
    cases_of: dict[str, list[str]] = {}
    for one in (one for one in told if one.take != cases.IT_DEPENDS):
        cases_of.setdefault(one.take, []).append(f"*{one.case}*{f' ({one.higher})' if one.higher else ''}")
    lines = [f"* Take {take} if your case is {listed(own, 'or')}." for take, own in cases_of.items()]
    lines += [f"* *{one.case}*: {one.because}." for one in told if one.take == cases.IT_DEPENDS]
    return "\n".join(lines) + "\n"


def _evidence(found: record.TablesOnRecord, row: standings.Row) -> cases.Evidence:
    """What is first at a place, with its set of tables and the level of its chips."""
    return cases.Evidence(found.name, row.where.partition(" at level ")[2], row)


def _sets(shown: Sequence[record.TablesOnRecord]) -> dict[str, list[str]]:
    """What sets of tables are about, and what is first in them, by the headings of a table."""
    summaries = [collected.read(found.report / "summary.csv") for found in shown]
    spiking = [summary[summary.acs > 0] for summary in summaries]
    rows = [standings.read(answer_of(found), standings.CLEAN)[0] for found in shown]
    return {
        "set": [f"`{found.name}`" for found in shown],
        "conditions": [conditions.described(params.load("experiments", found.name)) for found in shown],
        "data, network, T": [_about(found) for found in shown],
        "epochs, seeds": [f"{own.epochs.max()}, {own.n.max()}" for own in spiking],
        "first; not resolved or equivalent": [
            "; ".join(filter(None, (row.first.partition(" (")[0], row.not_resolved_or_equivalent))) for row in rows
        ],
    }


def _data(shown: Sequence[record.TablesOnRecord]) -> str:
    """The data sets that the places of a case rest on, with their test samples, and the seeds."""
    data: dict[str, str] = {}
    for found in shown:
        name, *_, samples = _about(found).split(", ")
        data[name] = samples.removesuffix(" test samples")
    told = [f"{name} ({samples} test samples)" for name, samples in data.items()]
    seeds = sorted({int(collected.read(found.report / "summary.csv").n.max()) for found in shown})
    numbers = f"{seeds[0]} to {seeds[-1]}" if seeds[1:] else f"{seeds[0]}"
    alone = "" if told[1:] else " alone"
    return f"{listed(told)}{alone}; {numbers} seeds"


def _about(found: record.TablesOnRecord) -> str:
    """What the answer of a set of tables is about: data, network, steps, test samples."""
    return answer_of(found).split("\n\n")[1].rstrip(".")
