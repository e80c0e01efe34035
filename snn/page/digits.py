"""Numbers on the page: rounded where they are read, with ten digits where they are sorted and saved. No torch."""

from typing import Any

import pandas as pd

from snn.core.columns import METRIC
from snn.report.metric import Metric


def exact(value: Any) -> float | None:
    """A number with ten digits, as tables in files have; None for none."""
    return None if pd.isna(value) else float(f"{float(value):.10g}")


def rounded(value: Any, unit: str, metric: Metric) -> str:
    """A cell as it is read: outcomes with the digits of the metric, others with three, or four from 100 on.

    A number that has fewer digits is shown as it is. Empty for none.
    """
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return {"True": "yes", "False": "no"}.get(str(value), str(value))
    if unit == METRIC:
        return f"{value:z.{metric.digits}f}"
    if unit == "operations" or float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 4 if abs(value) >= 100 else 3
    short = f"{value:.{digits}g}"
    return short if float(short) == value else f"{value:#.{digits}g}".removesuffix(".")
