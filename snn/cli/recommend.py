"""The command recommend: which rule for this chip, from collected tables. No torch."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.cli.listing import aligned
from snn.config import Energy, Noise, params
from snn.core.errors import InputError, nearest, reproduce
from snn.pipeline import record
from snn.report import collected
from snn.report.metric import SHOWN
from snn.report.recommend import Place, affordable, answer, cells, named

RANKED = ("behind", "verdict")  # columns of rows that are ranked
PRICED = "energy: arithmetic under {}; --energy names another table, see list energy, and may turn the answer"
COLUMNS = (
    "one chip: what 95 % of new chips reach at least; behind: points to the first row; own, teacher: whose outputs are"
    " the targets of calibration"
)
UNCORRECTED = "verdicts: 95 % intervals of paired differences, uncorrected, from the first row, chosen on these data"
BITS = "test: of networks in 32-bit floats, though {} prices 8-bit integers; clean ones: condition int8 of runs.csv"


class Tables(NamedTuple):
    """The rows of an experiment's runs.csv, in memory, and what stands for them on record."""

    found: record.TablesOnRecord
    runs: pd.DataFrame


class Question(NamedTuple):
    """What is asked beside places: an energy table by name, the most that an inference may need in nJ, and of which
    data set or experiment; None: all.
    """

    energy: str
    most_nj: float | None = None
    dataset: str | None = None
    experiment: str | None = None


class Ranking(NamedTuple):
    """The rows of a set of tables at a place within the bound on energy, ranked, and those above it."""

    tables: Tables
    place: Place
    table: pd.DataFrame
    above: pd.DataFrame


def recommend(places: Sequence[Place], asked: Question) -> None:
    """Print the methods ranked on chips of one noise, place after place, for every set of tables that has such chips.

    The set with most rows is first. With a bound on energy, rows above it are listed apart, and the others are compared
    among each other. Where places differ in steps, the best row over all of them is told last.

    Raises InputError if no set has such chips, naming what was evaluated instead, or if no row is within the bound,
    naming the lowest energy.
    """
    if asked.most_nj is not None and not 0 < asked.most_nj < math.inf:
        raise InputError("--max-energy", f"{asked.most_nj:g} is no energy above 0", "give a number of nJ")
    prices, noise = params.load("energy", asked.energy), places[0].noise
    told = [] if noise is None else [_contents(noise, params.load("noise", noise))]
    known = list(_on_record(noise, asked.dataset, asked.experiment))
    sets = [Tables(found, collected.runs(found.tables)) for found in known if _has_outcomes(found)]
    left_out = [found.name for found in known if not _has_outcomes(found)]
    if left_out and asked.experiment:
        what = "has tables that older code made"
        raise InputError(f"--experiment {asked.experiment}", what, reproduce(asked.experiment))
    rankings = [_rankings(place, sets, prices, asked) for place in places]
    everything = [one for found in rankings for one in found]
    if not any(len(one.table) for one in everything):
        raise InputError(f"--max-energy {asked.most_nj:g}", *_too_little(everything, asked.energy))
    for found in rankings:
        told += [_told(one, asked) for one in found]
        told += _disagreeing(found)
    told += _over_steps(everything, asked)
    told += [f"left out, since older code made the tables: {', '.join(left_out)}"] if left_out else []
    told += [BITS.format(asked.energy) if prices.precision == "int8" else PRICED.format(asked.energy)]
    print("\n".join([*told, *([COLUMNS] if noise else []), UNCORRECTED]))


def _rankings(place: Place, sets: Sequence[Tables], prices: Energy, asked: Question) -> list[Ranking]:
    """The rankings of all sets of tables at a place, the longest first; raises InputError if there is none."""
    tried = (tables for tables in sets if len(place.rows(tables.runs)))
    rankings = [_ranking(tables, place, prices, asked.most_nj) for tables in tried]
    found = sorted((one for one in rankings if len(one.table) or len(one.above)), key=lambda one: -len(one.table))
    if not found:
        where = f" of {asked.experiment}" if asked.experiment else f" on {asked.dataset}" if asked.dataset else ""
        raise InputError(place.words, f"is in no set of tables{where}", _instead(place, sets))
    return found


def _over_steps(rankings: Sequence[Ranking], asked: Question) -> Iterator[str]:
    """A line per set of tables with several of the steps that are asked for: the row with the best mean over these."""
    bound = "" if asked.most_nj is None else f", at most {asked.most_nj:g} nJ"
    for name in dict.fromkeys(one.tables.found.name for one in rankings):
        own = [one for one in rankings if one.tables.found.name == name]
        steps = sorted({one.place.steps for one in own})
        rows = pd.concat([one.table.assign(at=one.place.steps) for one in own])
        if len(steps) < 2 or rows.empty:
            continue
        best = "highest" if own[0].tables.runs.direction.iloc[0] == "higher" else "lowest"
        row = rows.sort_values(["value_test", "energy_nj"], ascending=[best == "lowest", True], kind="stable").iloc[0]
        metric = SHOWN[row.metric]
        found = f"{metric.value(row.value_test)} {metric.unit} with {row.energy_nj:,.1f} nJ"
        over = f"{name}, over T = {', '.join(map(str, steps))}{bound}"
        yield f"{over}: {named(row)} at T = {row['at']} has the {best} mean, {found}; T are not compared by intervals\n"


def _disagreeing(found: Sequence[Ranking]) -> Iterator[str]:
    """A line per data set on which sets of tables do not have the same rule first."""
    firsts: dict[str, dict[str, str]] = {}
    for one in found:
        if len(one.table):
            dataset = str(one.tables.runs.dataset.iloc[0])
            firsts.setdefault(dataset, {})[one.tables.found.name] = one.table.method.iloc[0]
    for dataset, first in firsts.items():
        if len(set(first.values())) > 1:
            whose = ", ".join(f"{method} ({name})" for name, method in first.items())
            yield f"the first rule on {dataset} depends on more than the rule: {whose}; see docs/experiments.md\n"


def _ranking(tables: Tables, place: Place, energy: Energy, most_nj: float | None) -> Ranking:
    outcomes = collected.outcomes(tables.found.tables, len(tables.runs))
    return Ranking(
        tables, place, *affordable(tables.runs, outcomes, place, energy, math.inf if most_nj is None else most_nj)
    )


def _too_little(found: Sequence[Ranking], energy: str) -> tuple[str, str]:
    """What is wrong with a bound below all rows, and the remedy: the lowest energy that there is."""
    lowest = min(found, key=lambda one: float(one.above.energy_nj.min()))
    row = lowest.above.iloc[0]
    where = f"{lowest.tables.found.name}, T = {lowest.place.steps}"
    least = f"{math.ceil(100 * row.energy_nj) / 100:g} nJ, {named(row)} in {where}"
    places = " or ".join(dict.fromkeys(one.place.words for one in found))
    return f"no rule on {places} needs so little under {energy}", f"the lowest is {least}"


def _contents(name: str, noise: Noise) -> str:
    """What a noise model is made of."""
    parts = [
        f"{part.model} ({', '.join(f'{key} {_plain(value)}' for key, value in part.options.items())})"
        for part in noise.models
    ]
    return f"{name}: {'; '.join(parts)}\nlevel: {noise.level}\n"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else f"{value}"


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
        known.append(experiment.dataset)
        found = record.TablesOnRecord(name)
        if dataset not in (None, experiment.dataset):
            continue
        if noise not in (None, *(hardware.noise for hardware in experiment.hardware)):
            continue
        yield found
    if dataset is not None and dataset not in known:
        raise InputError("--dataset", f"{dataset} is in no set of tables", nearest(dataset, dict.fromkeys(known)))


def _has_outcomes(found: record.TablesOnRecord) -> bool:
    """Whether outcomes of samples are beside the tables, which those that older code collected lack."""
    return (found.tables / "outcomes.safetensors").is_file()


def _told(one: Ranking, asked: Question) -> str:
    """The answer for one set of tables: a heading, the ranked table, the answer in words, and what is above a bound."""
    tables, place, table = one.tables, one.place, one.table
    first = tables.runs.iloc[0]
    heading = f"{tables.found.name}: {first.dataset}, {first.network}, {place.words}, {asked.energy}"
    parts = [heading if asked.most_nj is None else f"{heading}, at most {asked.most_nj:g} nJ", ""]
    if len(table):
        parts += [aligned(_rows(table)), "", answer(table)]
        if table.extrapolated.any():
            steps = place.steps
            parts.append(f"* biases depend on the number of steps: it would do better if trained at T = {steps}")
    if len(one.above):
        rows = [{name: row[name] for name in row if name not in RANKED} for row in _rows(one.above)]
        others = "" if len(table) else "; no row is left"
        parts += ["", f"left out, since their mean energy is above {asked.most_nj:g} nJ{others}:", "", aligned(rows)]
    if mark := tables.found.mark.strip().strip("*"):
        parts.append(mark)
    return "\n".join([*parts, ""])


def _rows(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a ranking as they are shown, with the unit of the metric."""
    unit = SHOWN[table.metric.iloc[0]].unit
    return [{f"test {unit}" if name == "test" else name: cell for name, cell in row.items()} for row in cells(table)]


def _instead(place: Place, sets: Sequence[Tables]) -> str:
    """What to ask for: the levels and steps that were evaluated with this noise."""
    rows = [tables.runs[tables.runs.noise == place.noise] if place.noise else tables.runs for tables in sets]
    tried = pd.concat(rows) if rows else pd.DataFrame({"level": [], "steps_eval": []})
    if tried.empty:
        return "run an experiment that has it under `hardware`: docs/how-to/own-chip.md"
    levels = ", ".join(f"{level:g}" for level in sorted(set(tried.level.dropna())))
    steps = ", ".join(map(str, sorted(set(tried.steps_eval))))
    return f"choose {f'a level of {levels}, and ' if levels else ''}T of {steps}"
