"""Units of tables in files: accuracy in percent, as on pages. In memory it is a fraction. No torch.

Numbers move by a decimal shift, 0.29 to 29, so that a file holds no digit that a product would add.
"""

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.report.metric import SHOWN


def for_files(
    table: pd.DataFrame, columns: Mapping[str, Column], metric: str, rows: pd.Series | None = None
) -> pd.DataFrame:
    """A table as its file holds it: columns in the unit of `metric` are shifted, in these rows or in all."""
    return _shifted(table, columns, SHOWN[metric].decimals, rows)


def from_files(
    table: pd.DataFrame, columns: Mapping[str, Column], metric: str, rows: pd.Series | None = None
) -> pd.DataFrame:
    """A table that was read from its file, as it is in memory."""
    return _shifted(table, columns, -SHOWN[metric].decimals, rows)


def shifted(value: float, decimals: int) -> float:
    """A number with its decimal point moved to the right."""
    return float(Decimal(repr(float(value))).scaleb(decimals)) if pd.notna(value) else float("nan")


def _shifted(table: pd.DataFrame, columns: Mapping[str, Column], decimals: int, rows: pd.Series | None) -> pd.DataFrame:
    moved = {}
    own = pd.Series(True, table.index) if rows is None else rows
    for name, column in columns.items():
        if decimals and column.unit == METRIC and name in table:
            pairs = zip(table[name], own, strict=True)
            moved[name] = pd.Series(
                [shifted(v, decimals) if mine else v for v, mine in pairs], table.index, dtype=float
            )
    return table.assign(**moved)
