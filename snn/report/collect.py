"""Collect the results of runs into tables: runs, layers, epochs, traces, calibrations, costs. No torch.

The outcome of every test sample in every row of runs.csv is beside them, in outcomes.safetensors. Only this step needs
the folders of runs; reports are made from these tables. Only costs.csv (seconds, memory, commit, versions) differs
between two runs of the same job on one machine.

Runs that only chose a learning rate are in tuning.csv and costs.csv.
"""

import bz2
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from snn.core import files, stored
from snn.core.columns import Columns
from snn.core.errors import InputError, remake
from snn.evaluation.outcomes import NAME, Outcomes, read
from snn.evaluation.rows import LayerRow, Row, Run
from snn.report.collected import TABLES, CalibrationRow, Trial, file, read_all
from snn.report.select import inference
from snn.report.units import for_files
from snn.training.records import Epoch, Trace, Tuning


@dataclass(frozen=True)
class Evaluated:
    """The folders of an evaluated run: of its training, its rows, its chips (by noise) and the run it started from."""

    run: Path
    rows: Path
    chips: Mapping[str, Path]
    start: Path | None = None

    @property
    def folders(self) -> list[Path]:
        """All folders whose files are verified."""
        return [*([self.start] if self.start else []), self.run, *self.chips.values(), self.rows]


@dataclass(frozen=True)
class Tuned:
    """The folders of a tuning, of one method, and of the runs that it chose from, with their teachers."""

    method: str
    tuning: Path
    runs: Sequence[Path]

    @property
    def folders(self) -> list[Path]:
        """All folders whose files are verified."""
        return [*self.runs, self.tuning]


def collect(evaluated: Sequence[Evaluated], tuned: Sequence[Tuned], out: Path) -> None:
    """Write the collected tables into the folder `out`.

    Raises InputError naming a file whose sha256 is not the recorded one, or whose rows do not fit their schema.
    """
    everything: list[Evaluated | Tuned] = [*evaluated, *tuned]
    folders = list(dict.fromkeys(folder for one in everything for folder in one.folders))
    for folder in folders:
        files.verify(folder)
    found = [_rows(one.rows / "rows.csv") for one in evaluated]
    runs = pd.DataFrame([row for rows in found for row in rows])
    names = pd.DataFrame([{name: rows[0][name] for name in Run.model_fields} for rows in found])
    tables = {
        "runs": runs,
        "layers": read_all([one.rows / "layers.csv" for one in evaluated], LayerRow),
        "epochs": _courses(names, evaluated, "epochs.csv", Epoch),
        "traces": _courses(names, evaluated, "traces.csv", Trace),
        "tuning": _tunings(tuned),
        "calibration": calibrations(runs, names, evaluated),
        "costs": pd.DataFrame([_costs(folder) for folder in folders]),
    }
    metric = runs.metric.iloc[0]
    Outcomes.joined(
        [read(one.rows / NAME, len(rows), remake(one.rows)) for one, rows in zip(evaluated, found, strict=True)]
    ).write(out / NAME)
    for name, table in tables.items():
        content = for_files(table, TABLES[name].columns(), metric).to_csv(index=False).encode()
        path = out / file(name)
        files.write(path, bz2.compress(content) if path.suffix == ".bz2" else content)


def calibrations(runs: pd.DataFrame, names: pd.DataFrame, evaluated: Sequence[Evaluated]) -> pd.DataFrame:
    """A row per epoch of every calibration; `names`: the columns that name each evaluated run.

    `operations` until the end of an epoch: those of learning, plus those of the inferences that it learned from, each
    counted as one of the clean network.
    """
    found = [(i, noise, folder) for i, one in enumerate(evaluated) for noise, folder in one.chips.items()]
    if not found:
        return pd.DataFrame(columns=list(CalibrationRow.model_fields))
    table = read_all([folder / "history.csv" for *_, folder in found], Trial)
    table.insert(0, "noise", pd.Series([noise for _, noise, _ in found]).loc[table.index])
    table = _beside(names[["method", "lr", "seed"]].iloc[[i for i, *_ in found]], table)
    clean = inference(runs)
    own = [clean[row.method, row.lr, row.seed] for row in table[["method", "lr", "seed"]].itertuples()]
    return table.assign(operations=table.shown * own + table.learning_macs)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of one run, checked against their schema."""
    remedy = remake(path.parent)
    try:
        found = stored.read_csv(path, remedy)
        rows = [Row.from_text(row) for row in found]
    except ValidationError as error:
        raise InputError(path, f"does not hold the rows of this version ({error})", remedy) from error
    return [row.model_dump() for row in rows]


def _courses(names: pd.DataFrame, evaluated: Sequence[Evaluated], name: str, row: type[Columns]) -> pd.DataFrame:
    """Tables that trainings wrote, with a row per epoch."""
    return _beside(names, read_all([one.run / name for one in evaluated], row))


def _tunings(tuned: Sequence[Tuned]) -> pd.DataFrame:
    """A row per tuning run."""
    if not tuned:
        return pd.DataFrame(columns=list(TABLES["tuning"].model_fields))
    methods = pd.DataFrame({"method": [one.method for one in tuned]})
    return _beside(methods, read_all([one.tuning / "tuning.csv" for one in tuned], Tuning))


def _beside(names: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """A table with the columns in front that name the run of a row, which its index counts."""
    return pd.concat([names.iloc[table.index].reset_index(drop=True), table.reset_index(drop=True)], axis=1)


def _costs(folder: Path) -> dict[str, Any]:
    """What a result cost, and what made it."""
    document = files.read_json(folder / "provenance.json", remake(folder))
    versions = " ".join(f"{name}={version}" for name, version in document["versions"].items())
    return {
        "path": str(folder),
        **document["cost"],
        "commit": document["commit"],
        "dirty": document["dirty"],
        "versions": f"python={document['python']} {versions}",
        "platform": document["platform"],
        "machine": document.get("machine"),
        "parents": " ".join(f"{role}={sha}" for role, sha in document["parents"].items()),
    }
