"""The command recommend: which rule for this chip, from collected tables. No torch."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from snn.cli.listing import aligned
from snn.config import Noise, params
from snn.core.errors import InputError, nearest
from snn.pipeline import record
from snn.report import collected
from snn.report.metric import SHOWN
from snn.report.recommend import Place, answer, cells, priced, ranked

UNCORRECTED = "verdicts: 95 % intervals of paired differences from the first row, uncorrected"


class Tables(NamedTuple):
    """The rows of an experiment's runs.csv, in memory, and what stands for them on record."""

    found: record.TablesOnRecord
    runs: pd.DataFrame


def recommend(places: Sequence[Place], energy: str, dataset: str | None, experiment: str | None) -> None:
    """Print the methods ranked on chips of one noise, place after place, for every set of tables that has such chips.

    The set with most rows is first. `dataset`, `experiment`: only tables on this data set, or of this experiment; None:
    all.

    Raises InputError if none has, naming what was evaluated instead.
    """
    prices, noise = params.load("energy", energy), places[0].noise
    told = [] if noise is None else [_contents(noise, params.load("noise", noise))]
    sets = list(_sets(noise, dataset, experiment))
    for place in places:
        tried = (tables for tables in sets if len(place.rows(tables.runs)))
        rankings = [(tables, priced(_ranked(tables, place), prices)) for tables in tried]
        shown = sorted((one for one in rankings if len(one[1])), key=lambda one: -len(one[1]))
        if not shown:
            where = f" of {experiment}" if experiment else f" on {dataset}" if dataset else ""
            raise InputError(place.words, f"is in no set of tables{where}", _instead(place, sets))
        told += [_told(tables, place, table, energy) for tables, table in shown]
    print("\n".join([*told, UNCORRECTED]))


def _ranked(tables: Tables, place: Place) -> pd.DataFrame:
    return ranked(tables.runs, collected.outcomes(tables.found.tables, len(tables.runs)), place)


def _contents(name: str, noise: Noise) -> str:
    """What a noise model is made of."""
    parts = [
        f"{part.model} ({', '.join(f'{key} {_plain(value)}' for key, value in part.options.items())})"
        for part in noise.models
    ]
    return f"{name}: {'; '.join(parts)}\nlevel: {noise.level}\n"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else f"{value}"


def _sets(noise: str | None, dataset: str | None, only: str | None) -> Iterator[Tables]:
    """The sets of tables whose experiment names the noise, and whose data are those asked for, with or without limits.

    Sets that older code collected have no outcomes of samples, and are left out.
    """
    known, names = [], record.names()
    if only is not None and only not in names:
        raise InputError(f"--experiment {only}", "has no tables on record", nearest(only, names))
    for name in [only] if only else names:
        experiment = params.load("experiments", name)
        known.append(experiment.dataset)
        found = record.TablesOnRecord(name)
        if dataset not in (None, experiment.dataset):
            continue
        if noise not in (None, *(hardware.noise for hardware in experiment.hardware)):
            continue
        if (found.tables / "outcomes.safetensors").is_file():
            yield Tables(found, collected.runs(found.tables))
    if dataset is not None and dataset not in known:
        raise InputError("--dataset", f"{dataset} is in no set of tables", nearest(dataset, dict.fromkeys(known)))


def _told(tables: Tables, place: Place, table: pd.DataFrame, energy: str) -> str:
    """The answer for one set of tables: a heading, the ranked table, and the answer in words."""
    first, unit = tables.runs.iloc[0], SHOWN[table.metric.iloc[0]].unit
    rows = [{f"test {unit}" if name == "test" else name: cell for name, cell in row.items()} for row in cells(table)]
    notes = [answer(table)]
    if table.extrapolated.any():
        notes.append(f"* biases depend on the number of steps: it would do better if trained at T = {place.steps}")
    if mark := tables.found.mark.strip().strip("*"):
        notes.append(mark)
    heading = f"{tables.found.name}: {first.dataset}, {first.network}, {place.words}, {energy}"
    return "\n".join([heading, "", aligned(rows), "", *notes, ""])


def _instead(place: Place, sets: list[Tables]) -> str:
    """What to ask for: the levels and steps that were evaluated with this noise."""
    rows = [tables.runs[tables.runs.noise == place.noise] if place.noise else tables.runs for tables in sets]
    tried = pd.concat(rows) if rows else pd.DataFrame({"level": [], "steps_eval": []})
    if tried.empty:
        return "run an experiment that has it under `hardware`: docs/how-to/own-chip.md"
    levels = ", ".join(f"{level:g}" for level in sorted(set(tried.level.dropna())))
    steps = ", ".join(map(str, sorted(set(tried.steps_eval))))
    return f"choose {f'a level of {levels}, and ' if levels else ''}T of {steps}"
