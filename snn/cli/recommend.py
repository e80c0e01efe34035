"""The command recommend: which rule for this chip, from collected tables. The answer comes first. No torch."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.cli import noises
from snn.cli.listing import aligned
from snn.config import Energy, params
from snn.core.errors import InputError, nearest, reproduce
from snn.pipeline import record
from snn.pipeline.plan import data_name
from snn.report import advice, collected
from snn.report.candidates import Candidates
from snn.report.metric import SHOWN
from snn.report.place import Place
from snn.report.recommend import Bounds, Ranking, cells, ranked

FEW = 4  # sets of tables whose rankings are shown
NO_CHIP = "these are clean networks; for a chip add its noise, as --noise mismatch --level 0.2; see list noise"
CHOSEN = (
    "a row is a rule at the T, with the calibrator, where its test mean is best; these and the first rule are chosen on"
    " the data that are shown, so that their means are a little too high; --every-row shows all"
)
EVERY = "a row is a rule at a T, with a calibrator; the first is chosen on these data, so that its mean is too high"
PRICED = "energy: arithmetic under {}; --energy names another table, see list energy, and may turn the answer"
COLUMNS = (
    "one chip: what 95 % of new chips reach at least; calibrator: the rule that tunes a chip to targets, outputs of its"
    " own clean network or of the teacher; what it costs: hardware.csv of the report"
)
BITS = "test: of networks in 32-bit floats, though {} prices 8-bit integers; clean ones: condition int8 of runs.csv"
SETS = "sets differ in chips and settings; a rule that one of them cannot tell from the first is not ruled out"
OF_CHIP = "energy: under {}, which is not about the bits of this chip's weights; --energy names another table"
VERDICTS = (
    "behind: to the first row, paired, in {} with the uncorrected 95 % interval that the verdict is read off;"
    " equivalent: within a point; see docs/statistics.md"
)


class Tables(NamedTuple):
    """The rows of an experiment's runs.csv, in memory, and what stands for them on record."""

    found: record.TablesOnRecord
    runs: pd.DataFrame


class Question(NamedTuple):
    """What is asked: a place at any number of steps, bounds, an energy table by name, and of which data set or
    experiment (None: all); `every`: with a row for every candidate, not for the best of each rule alone.
    """

    place: Place
    bounds: Bounds
    energy: str
    dataset: str | None = None
    experiment: str | None = None
    every: bool = False

    @property
    def words(self) -> str:
        """The place and the bounds."""
        steps, most_steps, most_nj = self.bounds
        parts = [self.place.words]
        parts += [f"T = {' or '.join(map(str, sorted(set(steps))))}"] if steps else []
        parts += [f"T at most {most_steps:g}"] if math.isfinite(most_steps) else []
        parts += [f"at most {most_nj:.10g} nJ"] if math.isfinite(most_nj) else []
        return ", ".join(parts)


class Answer(NamedTuple):
    """What a set of tables answers: a ranking of candidates, of which there may be none within the bound on energy;
    `samples`: on how many test samples.
    """

    tables: Tables
    samples: int
    candidates: Candidates
    ranking: Ranking

    @property
    def heading(self) -> str:
        """The experiment, its data set and its network, and how many test samples, seeds and chips it has."""
        first, (samples, seeds, chips) = self.tables.runs.iloc[0], self.evidence
        numbers = f"{samples:,} test sample{'s' * (samples > 1)}, {seeds} seed{'s' * (seeds > 1)}"
        numbers += f", {chips} chip{'s' * (chips > 1)} each" if chips else ""
        return f"{self.tables.found.name} ({first.dataset}, {first.network}; {numbers})"

    @property
    def evidence(self) -> tuple[int, int, int]:
        """Test samples, seeds, chips of a seed."""
        return self.samples, int(self.candidates.table.n.max()), int(self.candidates.table.chips.max())


def recommend(asked: Question) -> None:
    """Print the rule to take in every set of tables that has such chips, and then the rankings as evidence.

    The set with most test samples is first; of those with as many, that with most seeds, then chips.

    Raises InputError if no set has such chips, naming what was evaluated instead, or if no rule is within the bound on
    energy, naming the lowest energy.
    """
    prices, noise = params.load("energy", asked.energy), asked.place.noise
    known = list(_on_record(noise, asked.dataset, asked.experiment))
    sets = [Tables(found, collected.runs(found.tables)) for found in known if _has_outcomes(found)]
    left_out = [found.name for found in known if not _has_outcomes(found)]
    if left_out and asked.experiment:
        what = "has tables that older code made"
        raise InputError(f"--experiment {asked.experiment}", what, reproduce(asked.experiment))
    answers = _answers(asked, sets, prices)
    told = [f"{asked.words}, energy under {asked.energy}:", "", *map(_answer, answers, [asked] * len(answers))]
    told += _disagreeing(answers)
    told += [SETS] if len(answers) > 1 else []
    told += [f"left out, since older code made the tables: {', '.join(left_out)}"] if left_out else []
    if len(answers) <= FEW or asked.every:
        told += [part for one in answers if len(one.ranking.rows) for part in ("", one.heading, _table(one))]
    else:
        told += [
            "",
            f"the tables of so many sets are left out; for one give --experiment, as {answers[0].tables.found.name}",
        ]
    print("\n".join([*told, "", *_footer(asked, prices, answers)]))


def _answers(asked: Question, sets: Sequence[Tables], prices: Energy) -> list[Answer]:
    """The answers of all sets of tables that have such chips; raises InputError if there are none."""
    found = [(tables, own) for tables in sets if (own := _candidates(tables, asked)) is not None]
    if not found:
        where = f" of {asked.experiment}" if asked.experiment else f" on {asked.dataset}" if asked.dataset else ""
        raise InputError(asked.words, f"is in no set of tables{where}", _instead(asked.place, sets))
    answers = [Answer(tables, *own, ranked(own[1], prices, asked.bounds, asked.every)) for tables, own in found]
    answers.sort(key=lambda one: one.evidence, reverse=True)
    if not any(len(one.ranking.rows) for one in answers):
        least = min(answers, key=lambda one: float(one.ranking.least.energy_nj.iloc[0]))
        where = asked._replace(bounds=asked.bounds._replace(most_nj=math.inf)).words
        what = f"no rule needs so little under {asked.energy} ({where})"
        remedy = f"the lowest is {advice.lowest(least.ranking)} in {least.tables.found.name}"
        if others := [one for one in answers if one.ranking.elsewhere is not None]:
            remedy += f"; at another T {advice.beside(others[0].ranking.elsewhere)} in {others[0].tables.found.name}"
        raise InputError(f"--max-energy {asked.bounds.most_nj:.10g}", what, remedy)
    return answers


def _candidates(tables: Tables, asked: Question) -> tuple[int, Candidates] | None:
    """The number of test samples and the candidates of a set of tables; None if none has such steps."""
    if not len(asked.place.rows(tables.runs)):
        return None
    outcomes = collected.outcomes(tables.found.tables, len(tables.runs))
    found = Candidates(tables.runs, outcomes, asked.place)
    return (outcomes.samples, found) if asked.bounds.steps_hold(found.table).any() else None


def _answer(one: Answer, asked: Question) -> str:
    """The answer of a set of tables in words, a sentence a line."""
    energies = {name: params.load("energy", name) for name in params.names("energy")}
    told = advice.answer(one.ranking, asked.bounds)
    told += advice.beyond(one.candidates, energies[asked.energy], asked.bounds, one.ranking)
    if mark := one.tables.found.mark.strip().strip("*"):
        told.append(mark)
    told += advice.under_others(one.candidates, asked.bounds, energies, asked.energy)
    return "\n  ".join([f"{one.heading}: {told[0]}", *told[1:]])


def _disagreeing(answers: Sequence[Answer]) -> Iterator[str]:
    """A line per data set on which sets of tables do not have the same rule first."""
    firsts: dict[str, dict[str, str]] = {}
    for one in answers:
        if len(one.ranking.rows):
            own = firsts.setdefault(str(one.tables.runs.dataset.iloc[0]), {})
            own[one.tables.found.name] = one.ranking.rows.method.iloc[0]
    for dataset, first in firsts.items():
        if len(set(first.values())) > 1:
            whose = ", ".join(f"{method} ({name})" for name, method in first.items())
            yield f"the first rule on {dataset} depends on more than the rule: {whose}; see docs/experiments.md"


def _table(one: Answer) -> str:
    """A ranking as a table, with the unit of the metric."""
    rows = one.ranking.rows
    unit = SHOWN[rows.metric.iloc[0]].unit
    shown = [{f"test {unit}" if name == "test" else name: cell for name, cell in row.items()} for row in cells(rows)]
    more = ["* biases depend on the number of steps: it would do better if trained at this T"]
    return "\n".join([aligned(shown), *(more if rows.extrapolated.any() else [])])


def _footer(asked: Question, prices: Energy, answers: Sequence[Answer]) -> Iterator[str]:
    """What the columns mean, and what the answer depends on."""
    noise = asked.place.noise
    yield noises.described(noise) if noise else NO_CHIP
    yield EVERY if asked.every else CHOSEN
    units = dict.fromkeys(SHOWN[one.tables.runs.metric.iloc[0]].difference_unit for one in answers)
    yield VERDICTS.format(" or ".join(units))
    if noise:
        yield COLUMNS
    has_bits = noise is not None and any(part.model == "quantisation" for part in params.load("noise", noise).models)
    yield (OF_CHIP if has_bits else BITS if prices.precision == "int8" else PRICED).format(asked.energy)


def _on_record(noise: str | None, dataset: str | None, only: str | None) -> Iterator[record.TablesOnRecord]:
    """The sets of tables whose experiment names the noise, and whose data are those asked for, with or without limits.

    Raises InputError for an experiment or a data set of which there is none.
    """
    known, names = [], record.names()
    if only is not None and only not in names:
        raise InputError(f"--experiment {only}", "has no tables on record", nearest(only, names))
    planned = set(params.names("experiments"))
    for name in [only] if only else [name for name in names if name in planned]:  # tables of a removed one say no more
        experiment = params.load("experiments", name)
        own = {experiment.dataset, data_name(experiment)}
        known += sorted(own)
        if dataset is not None and dataset not in own:
            continue
        if noise not in (None, *(hardware.noise for hardware in experiment.hardware)):
            continue
        yield record.TablesOnRecord(name)
    if dataset is not None and dataset not in known:
        raise InputError("--dataset", f"{dataset} is in no set of tables", nearest(dataset, dict.fromkeys(known)))


def _has_outcomes(found: record.TablesOnRecord) -> bool:
    """Whether outcomes of samples are beside the tables, which those that older code collected lack."""
    return (found.tables / "outcomes.safetensors").is_file()


def _instead(place: Place, sets: Sequence[Tables]) -> str:
    """What to ask for: the levels and steps that were evaluated with this noise."""
    clean = Place(None, 0.0)
    rows = [
        tables.runs[tables.runs.noise == place.noise] if place.noise else clean.rows(tables.runs) for tables in sets
    ]
    tried = pd.concat(rows) if rows else pd.DataFrame({"level": [], "steps_eval": []})
    if tried.empty:
        return "run an experiment that has it under `hardware`: docs/how-to/own-chip.md"
    levels = ", ".join(f"{level:g}" for level in sorted(set(tried.level.dropna())))
    steps = ", ".join(map(str, sorted(set(tried.steps_eval))))
    return f"choose {f'a level of {levels}, and ' if levels else ''}T of {steps}"
