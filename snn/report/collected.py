"""The collected tables: columns with unit and meaning, and how they are read. No torch."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from snn.core.columns import METRIC, Column, Columns
from snn.core.errors import InputError, remake, reproduce
from snn.evaluation.outcomes import NAME, Outcomes
from snn.evaluation.outcomes import read as read_outcomes
from snn.evaluation.rows import LayerRow, MethodName, Rate, Row, Run, Seed
from snn.report.units import from_files
from snn.training.records import Epoch, Trace, Tuning


class Trial(Columns):
    """A row of `history.csv` in the folder of a calibration: one epoch."""

    level: Annotated[float, Column("of noise", "level of the noise")]
    chip: Annotated[int | None, Column("", "number of the chip; empty if the calibration belongs to none")] = None
    calibrator: Annotated[str, Column("", "file in snn/hardware/calibrators")]
    targets: Annotated[str, Column("", "what the chip imitates: own, or its teacher")]
    control: Annotated[str | None, Column("", "name of the control; empty for a treatment")] = None
    epoch: Annotated[int, Column("", "number of the epoch; 0: the chip as manufactured")]
    loss: Annotated[float | None, Column("of the calibrator", "mean loss over the samples; empty for epoch 0")] = None
    value_val: Annotated[float, Column(METRIC, "of the chip on validation data")]
    validation_loss: Annotated[float, Column("nats or mse", "of the chip on validation data")]
    shown: Annotated[int, Column("samples", "learned from up to this epoch, counted each time")]
    validated: Annotated[int, Column("samples", "of validation data looked at up to this epoch, counted each time")]
    updates: Annotated[int, Column("updates", "times that parameters were written up to this epoch")]
    writes: Annotated[int, Column("values", "written up to this epoch")]
    learning_macs: Annotated[int, Column("operations", "multiply-accumulates of learning up to this epoch")]


class EpochRow(Epoch, Run):
    """A row of epochs.csv."""


class TraceRow(Trace, Run):
    """A row of traces.csv."""


class TuningRow(Tuning):
    """A row of tuning.csv."""

    method: MethodName


class Calibrated(Columns):
    """The run, and the noise model of its chips."""

    method: MethodName
    lr: Rate
    seed: Seed
    noise: Annotated[str, Column("", "file in params/noise")]


class CalibrationRow(Trial, Calibrated):
    """A row of calibration.csv."""

    operations: Annotated[float, Column("operations", "of learning and of inferences learned from, up to this epoch")]


class CostRow(Columns):
    """A row of costs.csv: what a result cost, and what made it."""

    path: Annotated[str, Column("", "folder of the result")]
    cpu_seconds: Annotated[float, Column("s", "processor time of the job, without its start")]
    device: Annotated[str, Column("", "it ran on")]
    peak_mb: Annotated[float, Column("MB", "most memory that the process held")]
    seconds: Annotated[float, Column("s", "time of the job, without its start")]
    start_cpu_seconds: Annotated[float, Column("s", "processor time of its start")]
    commit: Annotated[str, Column("", "of the code")]
    dirty: Annotated[bool, Column("", "code or parameters differed from the commit")]
    versions: Annotated[str, Column("", "of Python and libraries")]
    platform: Annotated[str, Column("", "operating system and machine")]
    machine: Annotated[str | None, Column("", "processor, instruction set and libraries, which decide the last bits")]
    parents: Annotated[str, Column("", "sha256 of the file that proves each result it was made from, by role")]


TABLES: dict[str, type[Columns]] = {
    "runs": Row,
    "layers": LayerRow,
    "epochs": EpochRow,
    "traces": TraceRow,
    "tuning": TuningRow,
    "calibration": CalibrationRow,
    "costs": CostRow,
}


def file(name: str) -> str:
    """The file of a collected table. That of runs is compressed: it has a row per chip and number of steps.

    By bzip2, of which there is one implementation: equal tables give equal bytes everywhere, as gzip does not promise.
    """
    return f"{name}.csv.bz2" if name == "runs" else f"{name}.csv"


def runs(folder: Path) -> pd.DataFrame:
    """The rows of runs.csv alone, with accuracy as a fraction; also of commits that did not compress it."""
    today = folder / file("runs")
    table = read(today if today.is_file() else folder / "runs.csv", Row)
    return from_files(table, Row.columns(), table.metric.iloc[0])


def collected(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of a folder by name, with accuracy as a fraction; raises InputError naming a table without a column
    that today's code reads.
    """
    tables = {}
    for name, row in TABLES.items():
        path = folder / file(name)
        header = read(path, nrows=0).columns if path.is_file() else []
        if missing := [column for column in row.model_fields if column not in header]:
            again = f"make them again: {reproduce(folder.name)}"
            raise InputError(path, f"has no column {missing[0]}: the tables were collected by older code", again)
        tables[name] = read(path, row)
    metric = tables["runs"].metric.iloc[0]
    return {name: from_files(table, TABLES[name].columns(), metric) for name, table in tables.items()}


def outcomes(folder: Path, rows: int) -> Outcomes:
    """The outcomes of test samples in all rows of a folder's runs.csv; raises InputError if there are none."""
    path, again = folder / NAME, f"make them again: {reproduce(folder.name)}"
    if not path.is_file():
        raise InputError(path, "is missing: the tables were collected by older code", again)
    return read_outcomes(path, rows, again)


def read(path: Path, row: type[Columns] | None = None, nrows: int | None = None) -> pd.DataFrame:
    """A table that a job wrote, with the types of `row`; raises InputError naming a file that cannot be read."""
    types = row.pandas_types() if row else None
    try:
        return pd.read_csv(path, dtype=types, nrows=nrows)
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", remake(path.parent)) from error


def read_all(paths: Sequence[Path], row: type[Columns]) -> pd.DataFrame:
    """Tables of the same columns, one below the other. The index counts the files: rows of the first one have 0.

    They are read as one file, which is five times as fast for small ones. If they cannot be, as with another header or
    quoted values, each is read by itself. Raises InputError naming the file that cannot be read.
    """
    try:
        texts = [path.read_text() for path in paths]
        header = texts[0].partition("\n")[0] + "\n"
        if all(text.startswith(header) and '"' not in text for text in texts):
            table = pd.read_csv(
                StringIO(header + "".join(text[len(header) :] for text in texts)), dtype=row.pandas_types()
            )
            counts = [text.count("\n") - 1 for text in texts]
            if len(table) == sum(counts):
                return table.set_axis(np.repeat(range(len(paths)), counts))
    except (OSError, ValueError):
        pass  # the same error will name its file
    tables = [read(path, row) for path in paths]
    return pd.concat([table.set_axis([i] * len(table)) for i, table in enumerate(tables)])
