"""Claims of the papers, checked on the rows of an experiment: holds, fails, or not resolved by these seeds. No torch.

A claim says that, for a column, `left` exceeds `right` by at least `margin` (which may be negative: "comes within").
The difference is taken seed by seed, chips averaged first; its 95 % interval decides: above the margin it holds, below
it fails, else the seeds do not resolve it.
"""

from collections.abc import Sequence

import pandas as pd
from scipy.special import stdtrit

from snn.kinds import Claim, Side


def check(claims: Sequence[Claim], runs: pd.DataFrame) -> pd.DataFrame:
    """One row a claim whose methods were run: the difference, its interval, n, the verdict."""
    rows = []
    for claim in claims:
        difference = (_values(claim.left, claim.column, runs) - _values(claim.right, claim.column, runs)).dropna()
        n, mean, sd = len(difference), difference.mean(), difference.std()
        if not n:
            continue
        half = float(stdtrit(n - 1, 0.975)) * sd / n**0.5 if n > 1 else float("nan")
        verdict = "holds" if mean - half >= claim.margin else "fails" if mean + half < claim.margin else "not resolved"
        said = {"claim": claim.claim, "source": claim.source, "column": claim.column, "at least": claim.margin}
        rows.append({**said, "difference": mean, "ci95": half, "n": n, "verdict": verdict})
    return pd.DataFrame(rows, columns=["claim", "source", "column", "at least", "difference", "ci95", "n", "verdict"])


def _values(side: Side, column: str, runs: pd.DataFrame) -> pd.Series:
    """The column by seed."""
    rows = runs[(runs.method == side.method) & (runs.condition == side.condition)]
    if side.level:
        rows = rows[rows.level == (rows.level.max() if side.level == "highest" else rows.level.min())]
    return rows.groupby("seed")[column].mean()
