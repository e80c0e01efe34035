"""Which columns of a table differ between two versions of it, row by row. No torch.

`snn.report.changes` compares the outcomes of test samples, in cells of several seeds; this compares all other columns,
of rows that have the same name: method, seed, steps, condition and chip, or epoch. Digests are left out: they name what
made a row, and say nothing of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from snn.evaluation.rows import Work
from snn.report.changes import CELL

RUN = ["dataset", "network", "method", "steps", "seed"]
KEYS = {"runs": list(dict.fromkeys((*RUN, *CELL, "chip"))), "epochs": [*RUN, "epoch"]}
LEFT_OUT = {"digest"}
RESULTS = {*Work.model_fields, "status", "sampling_error", "loss", "validation_loss"}  # and all value_*
NTH = "nth"  # among rows of one name


class Difference(NamedTuple):
    """A column that differs: in how many rows of both versions, and by how much at most; None if it holds no numbers,
    or is empty in one version. `result`: it holds results, not parameters or costs.
    """

    column: str
    rows: int
    most: float | None
    result: bool


class Compared(NamedTuple):
    """The columns that differ, and the numbers of rows in both versions and in one alone."""

    columns: Sequence[Difference]
    both: int
    only_old: int
    only_new: int


def differences(old: pd.DataFrame, new: pd.DataFrame, key: Sequence[str]) -> Compared:
    """Compare two versions of a table whose rows are named by `key`; a column of one version alone differs in all."""
    named = [table.assign(**{NTH: table.groupby(key, dropna=False).cumcount()}) for table in (old, new)]
    rows = named[0].merge(named[1], on=[*key, NTH], how="outer", suffixes=(" old", " new"), indicator=True)
    both = rows[rows._merge == "both"]
    found = []
    for column in dict.fromkeys((*old, *new)):
        if column in {*key, *LEFT_OUT}:
            continue
        if column in old and column in new:
            differs, most = _difference(both[f"{column} old"], both[f"{column} new"])
        else:
            differs, most = len(both), None
        if differs:
            found.append(Difference(column, differs, most, _is_result(column)))
    only = rows._merge.value_counts()
    return Compared(found, len(both), int(only["left_only"]), int(only["right_only"]))


def _difference(old: pd.Series, new: pd.Series) -> tuple[int, float | None]:
    """In how many rows two columns differ, and by how much at most."""
    empty = old.isna().to_numpy(bool), new.isna().to_numpy(bool)
    if all(is_numeric_dtype(column) and not is_bool_dtype(column) for column in (old, new)):
        values = [column.to_numpy(float, na_value=np.nan) for column in (old, new)]
        differs = (values[0] != values[1]) & ~(empty[0] & empty[1])
        sizes = np.abs(values[1] - values[0])[differs & ~empty[0] & ~empty[1]]
        return int(differs.sum()), float(sizes.max()) if len(sizes) else None
    same = old.astype(object).to_numpy() == new.astype(object).to_numpy()
    return int((~(same | (empty[0] & empty[1])) | (empty[0] != empty[1])).sum()), None


def _is_result(column: str) -> bool:
    return column in RESULTS or column.startswith("value_")
