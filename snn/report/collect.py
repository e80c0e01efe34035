"""What jobs measured, collected into tables: runs, layers, epochs, traces, calibrations, costs. No torch.

The only part of a report that needs the folders of runs; everything behind it is made from these tables alone. No table
but costs.csv holds anything that differs between two runs of the same job on one machine; seconds, memory, commit and
versions are there.

Every run is in runs.csv, layers.csv and epochs.csv. Where an experiment has a grid of learning rates, `chosen` marks
the one that is best on validation data; traces and calibrations are those of chosen runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from snn.core import files
from snn.core.columns import Columns
from snn.core.errors import InputError, remake
from snn.evaluation.rows import LayerRow, Row, Run
from snn.report.collected import TABLES, CalibrationRow, Epoch, Trace, Trial, read
from snn.report.select import SAME, inference, own_steps
from snn.report.units import for_files


@dataclass(frozen=True)
class Evaluated:
    """A run that was evaluated: who it is, and the folders of its training, its rows and its chips, by noise."""

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
        """All that has to be what was recorded."""
        return [self.run, *self.chips.values(), self.rows]

    def beside(self, table: pd.DataFrame, *names: str) -> pd.DataFrame:
        """A table of this run with its identity in front."""
        identity = {name: getattr(self, name) for name in names}
        return pd.concat([pd.DataFrame(identity, index=table.index), table], axis=1)


def collect(evaluated: Sequence[Evaluated], learning_rates: Sequence[float], out: Path) -> None:
    """Write the tables; raises InputError naming a file whose bytes are not those that were recorded."""
    folders = [folder for one in evaluated for folder in one.folders]
    for folder in folders:
        files.verify(folder)
    runs = pd.DataFrame([row for one in evaluated for row in _rows(one.rows / "rows.csv")])
    runs["chosen"] = chosen(runs, learning_rates)
    chosen_runs = [one for one in evaluated if one.digest in set(runs.digest[runs.chosen])]
    tables = {
        "runs": runs,
        "layers": pd.concat([read(one.rows / "layers.csv", LayerRow) for one in evaluated]),
        "epochs": pd.concat([_course(one, "epochs.csv", Epoch) for one in evaluated]),
        "traces": pd.concat([_course(one, "traces.csv", Trace) for one in chosen_runs]),
        "calibration": calibrations(runs, chosen_runs),
        "costs": pd.DataFrame([_costs(folder) for folder in folders]),
    }
    metric = runs.metric.iloc[0]
    for name, table in tables.items():
        files.write(out / f"{name}.csv", for_files(table, TABLES[name].columns(), metric).to_csv(index=False))


def chosen(runs: pd.DataFrame, learning_rates: Sequence[float]) -> pd.Series:
    """Whether a run has the learning rate of its method that is best on validation data: mean over seeds, clean, at its
    own steps. Of equals, the one that the experiment names first.
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
    """The course of every calibration, epoch by epoch.

    `operations` were spent until then: those of the inferences that it learned from, as the clean network needs them,
    and those of learning.
    """
    courses = []
    for one in evaluated:
        for noise, folder in one.chips.items():
            course = read(folder / "history.csv", Trial)
            course.insert(0, "noise", noise)
            courses.append(one.beside(course, "method", "lr", "seed"))
    if not courses:
        return pd.DataFrame(columns=list(CalibrationRow.model_fields))
    table = pd.concat(courses, ignore_index=True)
    clean = inference(runs)
    own = [clean[row.method, row.lr, row.seed] for row in table[["method", "lr", "seed"]].itertuples()]
    return table.assign(operations=table.shown * own + table.learning_macs)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of one run, checked against their schema."""
    remedy = remake(path.parent)
    try:
        found = files.read_csv(path, remedy)
        rows = [Row.from_text(row) for row in found]
    except ValidationError as error:
        raise InputError(path, f"does not hold the rows of this version ({error})", remedy) from error
    return [row.model_dump() for row in rows]


def _course(one: Evaluated, name: str, row: type[Columns]) -> pd.DataFrame:
    """What a training wrote epoch by epoch; `epoch_lr` is the scheduled learning rate."""
    course = read(one.run / name, row).rename(columns={"lr": "epoch_lr"})
    return one.beside(course, *Run.model_fields)


def _costs(folder: Path) -> dict[str, Any]:
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
