"""claims.md: claims of the papers, and what was found."""

from typing import Any

import pandas as pd

from snn.config import Claim, Ratio
from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import SHOWN
from snn.report.verdicts import of_claims


def page(inputs: Inputs) -> str:
    """A table of claims: what is claimed, what was found, the verdict. It is this experiment's part of all claims."""
    claims = inputs.table("claims")
    if claims.empty:
        return "# Claims\n\nNo claim in `params/claims.yaml` is about the methods and the metric of this experiment.\n"
    columns = {"claim": claims.claim, "source": claims.source, **found(claims)}
    return f"# Claims\n\n{counted(inputs, claims)}\n\n{table(columns)}\n"


def counted(inputs: Inputs, claims: pd.DataFrame) -> str:
    """Of all claims, how many are in these rows of an experiment, with which verdicts, and how many count by it."""
    stated: list[Claim | Ratio] = [*inputs.claims.claims, *inputs.claims.ratios]
    here = set(claims.claim)
    number = len(stated) + len(inputs.claims.untested)
    own = sum(claim.answered_by == inputs.name and claim.claim in here for claim in stated)
    are, decided = "is" if len(here) == 1 else "are", f"{own} of these {len(here)}" if own else "none of these"
    return (
        f"Of the papers' {number} claims, {len(here)} {are} about methods of this experiment. On its data alone, "
        f"{of_claims(claims.drop_duplicates('claim').verdict)}. README and `docs/results/claims.md` count each claim "
        f"once, by the verdict of the experiment that is sized to decide it: this one for {decided}."
    )


def found(claims: pd.DataFrame) -> dict[str, Any]:
    """Cells by heading: what was found of claims, in rows of the table."""
    return {
        "at least": [claimed(row.at_least, row) for row in claims.itertuples()],
        "found": [claimed(row.found, row) for row in claims.itertuples()],
        "interval": [_bounds(row) for row in claims.itertuples()],
        "n": claims.n,
        "verdict": claims.verdict,
        "needs": claims.needs.astype(object).fillna(""),
    }


def _bounds(row: Any) -> str:
    low, high = claimed(row.low, row), claimed(row.high, row)
    return f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else ""


def claimed(value: float | None, row: Any) -> str:
    """A number of a claim as text; `row` tells what it is of: a ratio, or a difference of a column."""
    if value is None or pd.isna(value):
        return ""
    if row.of == "ratio":
        return f"{value:.1f} x"
    return SHOWN[row.metric].difference(value) if row.column.startswith("value_") else f"{value:+.4g}"
