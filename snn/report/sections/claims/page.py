"""claims.md: claims of the papers, and what was found."""

from typing import Any

import pandas as pd

from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import SHOWN


def page(inputs: Inputs) -> str:
    """A table of claims: what is claimed, what was found, the verdict."""
    claims = inputs.table("claims")
    if claims.empty:
        return "# Claims\n\nNo claim in `params/claims.yaml` is about the methods and the metric of this experiment.\n"
    columns = {
        "claim": claims.claim,
        "source": claims.source,
        "at least": [_claimed(row.at_least, row) for row in claims.itertuples()],
        "found": [_claimed(row.found, row) for row in claims.itertuples()],
        "interval": [_bounds(row) for row in claims.itertuples()],
        "n": claims.n,
        "verdict": claims.verdict,
    }
    return f"# Claims\n\n{table(columns)}\n"


def _bounds(row: Any) -> str:
    low, high = _claimed(row.low, row), _claimed(row.high, row)
    return f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else ""


def _claimed(value: float | None, row: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if row.of == "ratio":
        return f"{value:.1f} x"
    return SHOWN["accuracy"].difference(value) if row.column.startswith("value_") else f"{value:+.4g}"
