"""Rows of all runs are collected, checked and priced. No torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from snn.core import files
from snn.core.errors import InputError, remake
from snn.energy import prices
from snn.evaluation.rows import Row, RunRow
from snn.report.sections.hardware import table as hardware
from snn.report.select import SAME, own_steps

EPOCHS = {"epoch": "int64", "lr": float, "loss": float, "value_val": float, "validation_loss": float}
COURSE = ["method", "lr", "seed", "noise"]
TRIALS = (
    {"level": float, "chip": "Int64", "calibrator": str, "targets": str, "control": str}
    | {"epoch": "int64", "loss": float, "value_val": float, "validation_loss": float}
    | {"shown": "int64", "judged": "int64", "updates": "int64", "writes": "int64", "learning_macs": "int64"}
)
TRACES = {"epoch": "int64", "quantity": str, "layer": "Int64", "value": float}


def chosen(runs: pd.DataFrame, learning_rates: Sequence[float]) -> pd.Series:
    """Whether a run has the learning rate of its method that is best on validation data, over seeds, clean and at its
    own steps; of equals the one that the experiment names first.
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


def rows_of(evaluation: Any, job: Any) -> list[dict[str, Any]]:
    """The rows of one run, priced and checked against the schema."""
    rows, remedy = [], remake(evaluation.folder)
    for measured in files.read_csv(evaluation.proof, remedy):
        try:
            row = Row.model_validate({column: value for column, value in measured.items() if value}, strict=False)
        except ValidationError as error:
            raise InputError(evaluation.proof, f"does not hold the rows of this version ({error})", remedy) from error
        price = {"energy_nj": prices.energy_nj(row, job.energy), "energy_table": job.experiment.energy}
        rows.append(RunRow.model_validate({**row.model_dump(), **price}).model_dump())
    return rows


def course_of(run: Any, name: str, types: Mapping[str, type | str]) -> pd.DataFrame:
    """What a training wrote epoch by epoch, with the identity of the run; `epoch_lr` is the scheduled learning rate."""
    names = {"dataset": run.data.name, "network": run.network_name, "method": run.method_name}
    identity = {**names, "steps": run.steps, "lr": run.method.training.lr, "seed": run.seed}
    course = read(run.folder / name, types).rename(columns={"lr": "epoch_lr"})
    return pd.concat([pd.DataFrame(identity, index=course.index), course], axis=1)


def calibration(runs: pd.DataFrame, calibrations: Sequence[Any]) -> pd.DataFrame:
    """The course of every calibration, epoch by epoch, with the operations spent until then: those of the inferences
    that it watched, as the clean network needs them, and those of learning.
    """
    courses = [_trials(calibration) for calibration in calibrations]
    if not courses:
        return pd.DataFrame(columns=[*COURSE, *TRIALS, "operations"])
    table = pd.concat(courses, ignore_index=True)
    clean = hardware.inference(runs)
    own = [clean[row.method, row.lr, row.seed] for row in table[["method", "lr", "seed"]].itertuples()]
    return table.assign(operations=table.shown * own + table.learning_macs)


def _trials(calibration: Any) -> pd.DataFrame:
    run = calibration.run
    identity = {"method": run.method_name, "lr": run.method.training.lr, "seed": run.seed}
    course = read(calibration.folder / "history.csv", TRIALS)
    course.insert(0, "noise", calibration.hardware.noise)
    return pd.concat([pd.DataFrame(identity, index=course.index), course], axis=1)


def costs_of(folder: Path) -> dict[str, Any]:
    """What a result took, and what made it."""
    document = files.read_json(folder / "provenance.json", remake(folder))
    versions = " ".join(f"{name}={version}" for name, version in document["versions"].items())
    return {
        "path": str(folder),
        **document["cost"],
        "commit": document["commit"],
        "dirty": document["dirty"],
        "versions": f"python={document['python']} {versions}",
        "platform": document["platform"],
        "parents": " ".join(f"{role}={sha}" for role, sha in document["parents"].items()),
    }


def read(path: Path, types: Mapping[str, type | str] | None = None) -> pd.DataFrame:
    """A table that a job wrote; raises InputError naming the file."""
    try:
        return pd.read_csv(path, dtype=types)
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", remake(path.parent)) from error
