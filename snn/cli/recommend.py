"""The command recommend: which rule for this chip, from collected tables. No torch."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from snn.cli.listing import aligned
from snn.config import params
from snn.core.errors import InputError, nearest
from snn.pipeline import record
from snn.report import collected
from snn.report.metric import SHOWN
from snn.report.recommend import ALIKE, Place, cheapest, ranked


class Tables(NamedTuple):
    """The rows of an experiment's runs.csv, in memory, and what stands for them on record."""

    found: record.TablesOnRecord
    runs: pd.DataFrame


def recommend(place: Place, energy: str, dataset: str | None) -> None:
    """Print the methods ranked on chips of this kind, for every set of tables that has such chips.

    Raises InputError if none has, naming what was evaluated instead.
    """
    prices = params.load("energy", energy)
    if place.noise is not None:
        params.load("noise", place.noise)
    sets = list(_sets(place.noise, dataset))
    shown = [tables for tables in sets if len(place.rows(tables.runs))]
    if not shown:
        raise InputError(_words(place), f"is in no set of tables{_on(dataset)}", _instead(place, sets))
    for tables in shown:
        outcomes = collected.outcomes(tables.found.tables, len(tables.runs))
        print(_told(tables, place, ranked(tables.runs, outcomes, place, prices), energy))


def _sets(noise: str | None, dataset: str | None) -> Iterator[Tables]:
    """The sets of tables whose experiment names the noise, and whose data are those asked for, with or without limits.

    Sets that older code collected have no outcomes of samples, and are left out.
    """
    known = []
    for name in record.names():
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
    first, metric = tables.runs.iloc[0], SHOWN[table.metric.iloc[0]]
    rows: list[Mapping[str, object]] = [
        {
            "rule": row.method,
            "calibrator": " ".join(filter(None, (row.calibrator, row.targets))) or "-",
            "trained at T": f"{row.trained}{' *' if row.extrapolated else ''}",
            f"test {metric.unit}": metric.value(row.value_test),
            "95 % interval": f"{metric.value(row.low)} to {metric.value(row.high)}",
            "one chip": "-" if pd.isna(row.one_chip) else metric.value(row.one_chip),
            "energy nJ": f"{row.energy_nj:,.1f}",
            "behind": metric.difference(row.behind),
            "": row.verdict,
        }
        for row in table.itertuples()
    ]
    notes = [_answer(table, place)]
    if table.extrapolated.any():
        notes.append(f"* biases depend on the number of steps: it would do better if trained at T = {place.steps}")
    if mark := tables.found.mark.strip().strip("*"):
        notes.append(mark)
    heading = f"{tables.found.name}: {first.dataset}, {first.network}, {_words(place)}, {energy}"
    return "\n".join([heading, "", aligned(rows), "", *notes, ""])


def _answer(table: pd.DataFrame, place: Place) -> str:
    first, frugal = table.iloc[0], cheapest(table)
    others = table[table.verdict == ALIKE]
    best = _named(first)
    if first.n < 2:
        return f"{best} is first, but one seed decides nothing"
    if others.empty:
        return f"{best} is better than every other row" if len(table) > 1 else f"{best} is the only row"
    alike = f"{best} is first; {len(others)} of {len(table) - 1} others cannot be told apart from it"
    same = frugal.name == first.name
    return f"{alike}; {'it' if same else _named(frugal)} needs the least energy of these, {frugal.energy_nj:,.1f} nJ"


def _named(row: pd.Series) -> str:
    return f"{row.method} ({row.calibrator}, {row.targets} targets)" if row.calibrator else str(row.method)


def _words(place: Place) -> str:
    if place.noise is None:
        return f"clean networks, T = {place.steps}"
    state = "calibrated" if place.calibrated else "as manufactured"
    return f"{place.noise} at level {place.level:g}, T = {place.steps}, {state}"


def _on(dataset: str | None) -> str:
    return f" on {dataset}" if dataset else ""


def _instead(place: Place, sets: list[Tables]) -> str:
    """What to ask for: the levels and steps that were evaluated with this noise."""
    rows = [tables.runs[tables.runs.noise == place.noise] if place.noise else tables.runs for tables in sets]
    tried = pd.concat(rows) if rows else pd.DataFrame({"level": [], "steps_eval": []})
    if tried.empty:
        return "run an experiment that has it under `hardware`, see python -m snn list experiments"
    levels = ", ".join(f"{level:g}" for level in sorted(set(tried.level.dropna())))
    steps = ", ".join(map(str, sorted(set(tried.steps_eval))))
    return f"choose {f'a level of {levels}, and ' if levels else ''}T of {steps}"
