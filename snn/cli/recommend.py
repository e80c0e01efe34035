"""The command recommend: which rule for this chip, from collected tables. The answer comes first. No torch."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.cli import elsewhere, noises
from snn.cli.conditions import ranks_rules
from snn.cli.listing import aligned
from snn.cli.sets import Tables, on_record, repeated
from snn.config import Energy, params
from snn.core.errors import InputError, reproduce
from snn.core.lazy import lazy
from snn.pipeline import record
from snn.report import advice
from snn.report.candidates import Candidates
from snn.report.metric import SHOWN
from snn.report.place import Place
from snn.report.recommend import Bounds, Ranking, cells, chosen, every, ranked
from snn.report.verdicts import WORSE
from snn.report.words import listed

front = lazy("snn.cli.front")  # what README says, of which most questions ask nothing

FEW = 4  # sets of tables whose rankings are shown
NO_CHIP = "these are clean networks; for a chip add its noise, as --noise mismatch --level 0.2; see list noise"
CHOSEN = (
    "a row is a rule at the T that it was trained with, or if that is out of bounds at the T of the best test mean, and"
    " with the calibrator of the best one; what is chosen on the data that are shown, the first rule, too, has a mean"
    " that is a little too high; --every-row shows all"
)
RECIPES = "recipes: params/methods/RULE.yaml, with what params/experiments/SET.yaml overrides"
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
    def is_narrow(self) -> bool:
        """Whether chips, data or an experiment are asked for, of which there are not many sets."""
        return any((self.place.noise, self.dataset, self.experiment, self.every))

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
    """What a set of tables answers: a ranking of candidates, of which there may be none within the bound on energy."""

    tables: Tables
    candidates: Candidates
    ranking: Ranking

    @property
    def heading(self) -> str:
        """The experiment, its data set, network and conditions, and how many test samples, seeds and chips it has."""
        first, (samples, seeds, chips, _) = self.tables.runs.iloc[0], self.evidence
        numbers = f"{samples:,} test sample{'s' * (samples > 1)}, {seeds} seed{'s' * (seeds > 1)}"
        numbers += f", {chips} chip{'s' * (chips > 1)} each" if chips else ""
        return f"{self.tables.name} ({first.dataset}, {first.network}; {self.tables.conditions}; {numbers})"

    @property
    def dataset(self) -> str:
        """Its data set, with limits."""
        return str(self.tables.runs.dataset.iloc[0])

    @property
    def evidence(self) -> tuple[int, int, int, int]:
        """Test samples, seeds, chips of a seed, rules."""
        table = self.candidates.table
        return self.tables.outcomes.samples, int(table.n.max()), int(table.chips.max()), table.method.nunique()


def recommend(asked: Question) -> None:
    """Print the rule to take in every set of tables that has such chips, and then the rankings as evidence.

    The set with most test samples is first; of those with as many, that with most seeds, then chips, then rules.

    Raises InputError if no set has such chips, naming what was evaluated instead, or if no rule is within the bound on
    energy, naming the lowest energy.
    """
    prices, noise = params.load("energy", asked.energy), asked.place.noise
    known = list(on_record(noise, asked.dataset, asked.experiment))
    sets = [tables for tables in known if tables.has_outcomes]
    left_out = [tables.name for tables in known if not tables.has_outcomes]
    if left_out and asked.experiment:
        what = "has tables that older code made"
        raise InputError(f"--experiment {asked.experiment}", what, reproduce(asked.experiment))
    answers = _answers(asked, sets, prices)
    shown = answers if asked.is_narrow else _of_each_kind(answers)
    told = [] if asked.is_narrow else ["by case, as in README, at the T of the training:", *_cases(), ""]
    told += [f"{asked.words}, energy under {asked.energy}:", *(_together(shown) if asked.is_narrow else []), ""]
    told += [_answer(one, asked, answers) for one in shown]
    told += _disagreeing(answers)
    told += [SETS] if len(answers) > 1 else []
    told += [f"left out, since older code made the tables: {', '.join(left_out)}"] if left_out else []
    if len(shown) < len(answers):
        told_of = {one.tables.name for one in shown}
        more = ", ".join(one.tables.name for one in answers if one.tables.name not in told_of)
        told += ["", f"more sets, with --experiment or --dataset, which show the tables, too: {more}"]
    elif len(answers) <= FEW or asked.every:
        tables = [("", one.heading, _table(one, asked, prices)) for one in answers if len(one.ranking.rules)]
        told += [part for parts in tables for part in parts]
    else:
        told += ["", f"the tables of so many sets are left out; for one --experiment, as {answers[0].tables.name}"]
    print("\n".join([*told, "", *_footer(asked, prices, answers)]))


def _of_each_kind(answers: Sequence[Answer]) -> list[Answer]:
    """The first answer on each data set under each of the conditions, of sets that compare rules."""
    found: dict[tuple[str, str], Answer] = {}
    for one in _independent(answers):
        found.setdefault((one.dataset, one.tables.conditions), one)
    return list(found.values())


def _independent(answers: Sequence[Answer]) -> list[Answer]:
    """Those of sets that compare rules, no variants of them, with other networks than the sets before."""
    return [
        one
        for k, one in enumerate(answers)
        if ranks_rules(one.tables.experiment) and not _same_networks(one, answers[:k])
    ]


def _same_networks(one: Answer, earlier: Sequence[Answer]) -> str:
    """The first of earlier sets that has the same networks, or ""."""
    return repeated(one.tables, [other.tables for other in earlier], set(one.candidates.table.method))


def _cases() -> list[str]:
    """What README takes in each case, as plain text."""
    shown = {name: record.TablesOnRecord(name) for name in front.experiments()}
    told = [f"{one.case}: {one.take}; {one.because}" for one in front.advice(shown)]
    return [line.replace("**", "").replace("`", "") for line in told]


def _answers(asked: Question, sets: Sequence[Tables], prices: Energy) -> list[Answer]:
    """The answers of all sets of tables that have such chips; raises InputError if there are none."""
    found = [(tables, own) for tables in sets if (own := _candidates(tables, asked)) is not None]
    if not found:
        where = f" of {asked.experiment}" if asked.experiment else f" on {asked.dataset}" if asked.dataset else ""

        def first(tables: Tables, place: Place) -> str:
            return _first(tables, asked._replace(place=place), prices)

        remedy = "; ".join([*elsewhere.next_to(asked.place, sets, first), elsewhere.instead(asked.place, sets)])
        raise InputError(asked.words, f"is in no set of tables{where}", remedy)
    answers = [Answer(tables, own, ranked(own, prices, asked.bounds)) for tables, own in found]
    answers.sort(key=lambda one: one.evidence, reverse=True)
    if not any(len(one.ranking.rules) for one in answers):
        least = min(answers, key=lambda one: float(one.ranking.least.energy_nj.iloc[0]))
        where = asked._replace(bounds=asked.bounds._replace(most_nj=math.inf)).words
        what = f"no rule needs so little under {asked.energy} ({where})"
        remedy = f"the lowest is {advice.lowest(least.ranking)} in {least.tables.name}"
        if others := [one for one in answers if one.ranking.elsewhere is not None]:
            remedy += f"; at another T {advice.beside(others[0].ranking.elsewhere)} in {others[0].tables.name}"
        raise InputError(f"--max-energy {asked.bounds.most_nj:.10g}", what, remedy)
    return answers


def _candidates(tables: Tables, asked: Question) -> Candidates | None:
    """The candidates of a set of tables; None if none has such steps."""
    found = tables.candidates(asked.place)
    return found if found is not None and asked.bounds.steps_hold(found.table).any() else None


def _first(tables: Tables, asked: Question, prices: Energy) -> str:
    """The first rule of a set of tables; empty if it has no answer."""
    found = _candidates(tables, asked)
    best = pd.DataFrame() if found is None else chosen(found, prices, asked.bounds)
    return str(best.method.iloc[0]) if len(best) else ""


def _answer(one: Answer, asked: Question, answers: Sequence[Answer]) -> str:
    """The answer of a set of tables in words, a sentence a line; `answers`: of all sets, of which some come before."""
    energies = {name: params.load("energy", name) for name in params.names("energy")}
    told = advice.answer(one.ranking, asked.bounds)
    told += advice.beyond(one.candidates, energies[asked.energy], asked.bounds, one.ranking)
    told += _in_other_ways(one, asked, energies[asked.energy])
    if same := _same_networks(one, answers[: [other.tables for other in answers].index(one.tables)]):
        told.append(f"Its networks are those of {same}: no independent evidence.")
    if mark := one.tables.found.mark.strip().strip("*"):
        told.append(mark)
    told += advice.under_others(one.candidates, asked.bounds, energies, asked.energy)
    return "\n  ".join([f"{one.heading}: {told[0]}", *told[1:]])


def _in_other_ways(one: Answer, asked: Question, prices: Energy) -> list[str]:
    """What is first on the same chips in the other ways: as manufactured, and fine-tuned on simulated chips."""
    plain, told = asked.place._replace(calibrated=False, noise_aware=False), []
    ways = {
        "As manufactured (--no-calibration)": plain,
        "As manufactured, but fine-tuned on simulated chips (--noise-aware)": plain._replace(noise_aware=True),
    }
    for way, place in ways.items() if asked.place.noise else ():
        found = one.tables.candidates(place) if place != asked.place else None
        best = pd.DataFrame() if found is None else chosen(found, prices, asked.bounds).head(1)
        if found is not None and len(best):
            told.append(f"{way} first is {advice.beside(best.assign(metric=found.metric, verdict='').iloc[0])}.")
    return told


def _together(answers: Sequence[Answer]) -> list[str]:
    """The rules to take by several sets, as README does: those that more than half of them have and that are worse in
    none; and where others have the highest mean. A set with at most half as many rules as another has no say.
    """
    most = max((len(one.ranking.rules) for one in answers), default=0)
    asked = [one for one in _independent(answers) if 2 * len(one.ranking.rules) > most > 1]
    rankings = [one.ranking.rules for one in asked]
    if len(rankings) < 2:
        return []
    worse = {rule for rules in rankings for rule in rules.method[rules.verdict.str.startswith(WORSE)]}
    number = Counter(rule for rules in rankings for rule in rules.method)
    taken = [rule for rule, times in number.items() if rule not in worse and 2 * times > len(rankings)]
    if not taken:
        return [f"it depends on the data: no rule is in more than half of {len(rankings)} sets and worse in none"]
    told = listed([_with_sets(rule, rankings) for rule in taken], "or")
    firsts = {one.tables.name: one.ranking.rules.method.iloc[0] for one in asked}
    higher = [
        f"open in {name}, where {rule} has the highest mean" for name, rule in firsts.items() if rule not in taken
    ]
    return ["; ".join([f"take {told}: shown to be worse in none of {len(rankings)} sets", *higher])]


def _with_sets(rule: str, rankings: Sequence[pd.DataFrame]) -> str:
    """A rule, and in how many of several rankings it is, if not in all."""
    number = sum(rule in set(rules.method) for rules in rankings)
    return rule if number == len(rankings) else f"{rule} (in {number} of them)"


def _disagreeing(answers: Sequence[Answer]) -> Iterator[str]:
    """A line per data set on which sets of tables do not have the same rule first."""
    firsts: dict[str, dict[str, str]] = {}
    for one in _independent(answers):
        if len(one.ranking.rules):
            own = firsts.setdefault(one.dataset, {})
            own[one.tables.name] = one.ranking.rules.method.iloc[0]
    for dataset, first in firsts.items():
        if len(set(first.values())) > 1:
            whose = ", ".join(f"{method} ({name})" for name, method in first.items())
            yield f"the first rule on {dataset} depends on more than the rule: {whose}; see docs/experiments.md"


def _table(one: Answer, asked: Question, prices: Energy) -> str:
    """A ranking as a table, with the unit of the metric: a row per rule, or every one."""
    rows, first = one.ranking.rules, one.ranking.first
    if asked.every and first is not None:
        rows = every(one.candidates, prices, asked.bounds, first)
    unit = SHOWN[rows.metric.iloc[0]].unit
    shown = [{f"test {unit}" if name == "test" else name: cell for name, cell in row.items()} for row in cells(rows)]
    more = ["* biases depend on the number of steps: it would do better if trained at this T"]
    return "\n".join([aligned(shown), *(more if rows.extrapolated.any() else [])])


def _footer(asked: Question, prices: Energy, answers: Sequence[Answer]) -> Iterator[str]:
    """What the columns mean, and what the answer depends on."""
    noise = asked.place.noise
    yield noises.described(noise) if noise else NO_CHIP
    yield EVERY if asked.every else CHOSEN
    yield RECIPES
    units = dict.fromkeys(SHOWN[one.tables.runs.metric.iloc[0]].difference_unit for one in answers)
    yield VERDICTS.format(" or ".join(units))
    if noise:
        yield COLUMNS
    has_bits = noise is not None and any(part.model == "quantisation" for part in params.load("noise", noise).models)
    yield (OF_CHIP if has_bits else BITS if prices.precision == "int8" else PRICED).format(asked.energy)
