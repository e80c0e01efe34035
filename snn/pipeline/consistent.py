"""Whether the collected tables of an experiment agree with each other and with its plan. No torch.

Stamps prove nothing against who writes them, so what one table says about another is computed again. The commits that
costs.csv names are asked for by `snn.pipeline.record`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from snn.core.errors import InputError
from snn.evaluation.outcomes import NAME, Outcomes
from snn.evaluation.outcomes import read as read_outcomes
from snn.evaluation.rows import LayerRow, Row, Run, Work
from snn.pipeline.jobs.collect import Collect
from snn.report import collected
from snn.report.collect import Evaluated, Tuned
from snn.report.collected import CostRow, EpochRow
from snn.report.metric import SHOWN
from snn.report.select import own_steps

KEY = list(Run.model_fields)
NAMED = ["method", "steps", "seed", "digest"]  # of runs.csv, which the path of a run holds, too
NEEDED = {  # without such a column, what older code collected is not compared
    "runs": {*KEY, *NAMED, "condition", "steps_eval", "metric", "value_val", "spikes"},
    "layers": set(KEY),
    "epochs": {*KEY, "value_val"},
    "costs": {"path"},
}
TRAINED = re.compile(r"/([^/]+)/T(\d+)/s(\d+)-([0-9a-f]{12})$")
PRECISION = 1e-9  # relative; a file holds every digit of a number, and sums depend on their order


@dataclass(frozen=True)
class _Table:
    """Rows of a file, or some of them, whose index counts the rows of the file."""

    path: Path
    rows: pd.DataFrame
    remedy: str

    def refuse(self, row: int, what: str) -> NoReturn:
        """Raise InputError naming a row, by its number among these rows, and what does not fit in it."""
        own = self.rows.iloc[row]
        about = [str(own[name]) for name in ("method", "condition") if name in own]
        about += [f"seed {own.seed}"] if "seed" in own else []
        line = f"line {self.rows.index[row] + 2}" + (f" ({', '.join(about)})" if about else "")
        raise InputError(self.path, f"{line}: {what}", self.remedy)

    def agrees(self, column: str, expected: Any, source: str) -> None:
        """Compare a column with the same from another source; raises InputError naming the first row that differs."""
        found, expected = self.rows[column].to_numpy(float), np.asarray(expected, dtype=float)
        differs = np.flatnonzero(~np.isclose(found, expected, rtol=PRECISION, atol=1e-12, equal_nan=True))
        if len(differs):
            row = int(differs[0])
            self.refuse(row, f"{column} is {found[row]:.8g}, which is {expected[row]:.8g} by {source}")


def check(folder: Path, remedy: str) -> None:
    """Raise InputError naming file, line and column of the first value that the other tables contradict.

    Of every row of runs.csv: `value_test`, `sampling_error` and `samples_test` are those of the outcomes, `sparsity`
    that of spikes and neurons, and costs.csv has its run. Of the clean network at its own steps: operations are the
    sums of layers.csv, and `value_val` is that of an epoch in epochs.csv. Tables that are missing, or that older code
    collected without a column, are compared as far as they go.
    """
    if (runs := _read(folder, "runs", Row, remedy)) is None:
        return
    for row, metric in enumerate(runs.rows.metric):
        if metric not in SHOWN:
            runs.refuse(row, f"{metric} is no metric")
    if (folder / NAME).is_file():
        _outcomes(runs, read_outcomes(folder / NAME, len(runs.rows), remedy))
    if {"sparsity", "neuron_updates"} <= set(runs.rows):
        updates = runs.rows.neuron_updates
        runs.agrees("sparsity", 1 - runs.rows.spikes / updates.where(updates > 0), "spikes and neuron_updates")
    clean = _Table(runs.path, own_steps(runs.rows), remedy)
    if layers := _read(folder, "layers", LayerRow, remedy):
        _layers(clean, layers)
    if epochs := _read(folder, "epochs", EpochRow, remedy):
        _epochs(clean, epochs)
    if costs := _read(folder, "costs", CostRow, remedy):
        made = {(method, int(steps), int(seed), digest) for method, steps, seed, digest in _trained(costs.rows.path)}
        for row, name in enumerate(_tuples(runs.rows, NAMED)):
            if name not in made:
                runs.refuse(row, f"costs.csv has no run {_words(name)}")


def planned(collect: Collect, remedy: str) -> None:
    """Raise InputError naming the first row of costs.csv or runs.csv that is not of a planned run.

    Of tables that today's code, parameters and data name the same. All methods, seeds and folders of results are
    compared, in their order.
    """
    sources: list[Evaluated | Tuned] = [*collect.evaluated, *collect.tuned]
    folders = dict.fromkeys(folder for one in sources for folder in one.folders)
    if costs := _read(collect.folder, "costs", CostRow, remedy):
        _same(costs, list(costs.rows.path), list(map(str, folders)))
    if runs := _read(collect.folder, "runs", Row, remedy):
        jobs = [evaluation.run for evaluation in collect.evaluations]
        first = _Table(runs.path, runs.rows[~runs.rows.duplicated(NAMED)], remedy)
        wanted = [(job.method_name, job.steps, job.seed, job.digest) for job in jobs]
        _same(first, [_words(name) for name in _tuples(first.rows, NAMED)], [_words(name) for name in wanted])


def _same(table: _Table, found: Sequence[str], wanted: Sequence[str]) -> None:
    for row, name in enumerate(found):
        if name != (expected := wanted[row] if row < len(wanted) else "none"):
            table.refuse(row, f"is of {name}, where {expected} is planned")
    if len(found) < len(wanted):
        raise InputError(table.path, f"has no row of {wanted[len(found)]}, which is planned", table.remedy)


def _outcomes(runs: _Table, outcomes: Outcomes) -> None:
    """Values and their errors are those of the outcomes of samples, eight to a byte if these are 0 or 1."""
    kept, samples = outcomes.kept_RX, outcomes.samples
    if outcomes.binary:
        unused = -samples % 8
        last = kept[:, -1:] >> unused << unused
        mean = (np.bitwise_count(kept[:, :-1]).sum(axis=1) + np.bitwise_count(last).sum(axis=1)) / samples
        error = (mean * (1 - mean) / samples) ** 0.5
    else:
        mean = kept.mean(axis=1, dtype=float)
        error = kept.std(axis=1, dtype=float) / samples**0.5
    unit = 10.0 ** SHOWN[runs.rows.metric.iloc[0]].decimals
    facts = {"value_test": unit * mean, "sampling_error": unit * error, "samples_test": np.full(len(kept), samples)}
    for column in (name for name in facts if name in runs.rows):
        runs.agrees(column, facts[column], NAME)


def _layers(clean: _Table, layers: _Table) -> None:
    """Operations of runs are the sums of those of their layers, and there are no other layers."""
    both = set(clean.rows) & set(layers.rows)
    columns = [name for name in Work.model_fields if name != "sparsity" and name in both]
    runs = pd.MultiIndex.from_frame(clean.rows[KEY])
    sums = layers.rows.groupby(KEY)[columns].sum()
    for row, name in enumerate(_tuples(layers.rows, KEY)):
        if name not in runs:
            layers.refuse(row, "is of no run in runs.csv")
    for column in columns:
        clean.agrees(column, sums[column].reindex(runs), layers.path.name)


def _epochs(clean: _Table, epochs: _Table) -> None:
    """The validation value of a run that was trained is that of an epoch."""
    trained = set(_tuples(epochs.rows, KEY))
    reached = set(_tuples(epochs.rows, [*KEY, "value_val"]))
    for row, (*name, value) in enumerate(_tuples(clean.rows, [*KEY, "value_val"])):
        if tuple(name) in trained and (*name, value) not in reached:
            clean.refuse(row, f"value_val is {value:.8g}, which no epoch in epochs.csv has")


def _read(folder: Path, name: str, row: type[Any], remedy: str) -> _Table | None:
    """A table as its file has it, be it of code that did not compress it; None without it or a column in `NEEDED`."""
    path = next(filter(Path.is_file, (folder / collected.file(name), folder / f"{name}.csv")), None)
    rows = collected.read(path, row) if path else pd.DataFrame()
    return _Table(path, rows, remedy) if path and set(rows) >= NEEDED[name] else None


def _trained(paths: pd.Series) -> list[tuple[str, ...]]:
    return [found.groups() for path in paths if (found := TRAINED.search(path))]


def _tuples(rows: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(rows[name].tolist() for name in columns), strict=True))


def _words(name: tuple[Any, ...]) -> str:
    method, steps, seed, digest = name
    return f"{method}, {steps} steps, seed {seed}, {digest}"
