"""Collect the results of runs into tables: runs, layers, epochs, traces, calibrations, costs. No torch.

The outcome of every test sample in every row of runs.csv is beside them, in outcomes.safetensors. Only this step needs
the folders of runs; reports are made from these tables. Only costs.csv (seconds, memory, commit, versions) differs
between two runs of the same job on one machine.

All runs are in runs.csv, layers.csv and epochs.csv. If an experiment has a grid of learning rates, `chosen` marks the
rate that is best on validation data; only chosen runs are in traces.csv and calibration.csv.
"""

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
from snn.report.collected import TABLES, CalibrationRow, Trial, read_all
from snn.report.select import SAME, inference, own_steps
from snn.report.units import for_files
from snn.training.records import Epoch, Trace


@dataclass(frozen=True)
class Evaluated:
    """A run that was evaluated, and the folders of its training, its rows and its chips (by noise)."""

    dataset: str
    network: str
    method: str
    steps: int
    lr: float
    seed: int
    digest: str
    run: Path
    rows: Path
    chips: Mapping[str, Path]

    @property
    def folders(self) -> list[Path]:
        """All folders whose files are verified."""
        return [self.run, *self.chips.values(), self.rows]


def collect(evaluated: Sequence[Evaluated], learning_rates: Sequence[float], out: Path) -> None:
    """Write the collected tables into the folder `out`.

    Raises InputError naming a file whose sha256 is not the recorded one, or whose rows do not fit their schema.
    """
    folders = [folder for one in evaluated for folder in one.folders]
    for folder in folders:
        files.verify(folder)
    found = [_rows(one.rows / "rows.csv") for one in evaluated]
    runs = pd.DataFrame([row for rows in found for row in rows])
    runs["chosen"] = chosen(runs, learning_rates)
    digests = set(runs.digest[runs.chosen])
    chosen_runs = [one for one in evaluated if one.digest in digests]
    tables = {
        "runs": runs,
        "layers": read_all([one.rows / "layers.csv" for one in evaluated], LayerRow),
        "epochs": _courses(evaluated, "epochs.csv", Epoch),
        "traces": _courses(chosen_runs, "traces.csv", Trace),
        "calibration": calibrations(runs, chosen_runs),
        "costs": pd.DataFrame([_costs(folder) for folder in folders]),
    }
    metric = runs.metric.iloc[0]
    Outcomes.joined(
        [read(one.rows / NAME, len(rows), remake(one.rows)) for one, rows in zip(evaluated, found, strict=True)]
    ).write(out / NAME)
    for name, table in tables.items():
        files.write(out / f"{name}.csv", for_files(table, TABLES[name].columns(), metric).to_csv(index=False))


def chosen(runs: pd.DataFrame, learning_rates: Sequence[float]) -> pd.Series:
    """Whether each row has the learning rate that is best for its method.

    The best rate has the best mean over seeds on validation data, of clean networks at the steps they were trained
    with. Of equal ones, the rate that the experiment names first is chosen.
    """
    clean = own_steps(runs)
    merit = clean.value_val.where(clean.direction == "higher", -clean.value_val)
    place = clean.lr.map({lr: i for i, lr in enumerate(learning_rates)})
    best = (
        clean.assign(merit=merit, place=place)
        .groupby(["method", "lr"], as_index=False)[["merit", "place"]]
        .mean(skipna=False)
        .round(SAME)
        .sort_values(["merit", "place"], ascending=[False, True])
        .drop_duplicates("method")
        .set_index("method")
        .lr
    )
    return runs.lr == runs.method.map(best)


def calibrations(runs: pd.DataFrame, evaluated: Sequence[Evaluated]) -> pd.DataFrame:
    """A row per epoch of every calibration.

    `operations` until the end of an epoch: those of learning, plus those of the inferences that it learned from, each
    counted as one of the clean network.
    """
    found = [(one, noise, folder) for one in evaluated for noise, folder in one.chips.items()]
    if not found:
        return pd.DataFrame(columns=list(CalibrationRow.model_fields))
    table = read_all([folder / "history.csv" for *_, folder in found], Trial)
    table.insert(0, "noise", pd.Series([noise for _, noise, _ in found]).loc[table.index])
    table = _beside([one for one, *_ in found], table, "method", "lr", "seed")
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


def _courses(evaluated: Sequence[Evaluated], name: str, row: type[Columns]) -> pd.DataFrame:
    """Tables that trainings wrote, with a row per epoch."""
    return _beside(evaluated, read_all([one.run / name for one in evaluated], row), *Run.model_fields)


def _beside(evaluated: Sequence[Evaluated], table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """A table with columns in front that identify the run of a row, which its index counts: attributes of the run."""
    identity = pd.DataFrame({name: [getattr(one, name) for one in evaluated] for name in names}).loc[table.index]
    return pd.concat([identity.reset_index(drop=True), table.reset_index(drop=True)], axis=1)


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
        "machine": document["machine"],
        "parents": " ".join(f"{role}={sha}" for role, sha in document["parents"].items()),
    }
