"""What a few paired seeds can and cannot say: intervals, tests, their correction, and what they could have found.

    interval     mean +- t(0.975, n-1) sd / sqrt(n)
    test         t = mean sqrt(n) / sd, p = 2 P(T_{n-1} > |t|), the paired t-test, two-sided
    correction   Holm: p~_(i) = max over j <= i of min(1, (m - j + 1) p_(j)), p_(1) <= p_(2) <= ...
    power        P(|T_{n-1, d sqrt(n) / sd}| > t(0.975, n-1)) of a true difference d: T noncentral, exact

Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 1979; Lehmann and Romano,
Testing statistical hypotheses, for the power of the t-test. No torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import pandas as pd
from scipy.special import ncfdtr, ncfdtrinc, stdtr, stdtrit

LEVEL = 0.05  # of every test, two-sided; intervals are those of 1 - LEVEL
POWER = 0.8


@overload
def interval(sd: float, n: int) -> float: ...
@overload
def interval(sd: pd.Series, n: pd.Series) -> pd.Series: ...
def interval(sd: pd.Series | float, n: pd.Series | int) -> pd.Series | float:
    """Half the width of the 95 % confidence interval of a mean; nothing for n = 1."""
    if isinstance(n, int):
        return float(critical(n - 1) * sd / n**0.5) if n > 1 else float("nan")
    return critical((n - 1).where(n > 1)) * sd / n**0.5


def critical(degrees: Any, level: float = LEVEL) -> Any:
    """What |t| exceeds in a share `level` of all repetitions if there is no difference; a number or a series."""
    return stdtrit(degrees, 1 - level / 2)


def t_test(mean: float, sd: float, n: int) -> float:
    """Two-sided p of a mean against zero. Without spread there is no t: p is 1 for no difference, else undefined."""
    if n < 2 or not sd:
        return 1.0 if n > 1 and not mean else float("nan")
    return float(2 * stdtr(n - 1, -abs(mean) * n**0.5 / sd))


def holm(p: Sequence[float]) -> list[float]:
    """Corrected p, in the order given; a p that is undefined stays so, and counts among the tests."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")  # undefined ones last
    steps = np.minimum(1, (len(values) - np.arange(len(values))) * values[order])
    corrected = np.empty(len(values))
    corrected[order] = np.where(np.isnan(steps), np.nan, np.fmax.accumulate(steps))
    return corrected.tolist()


def power(difference: float, sd: float, n: int, level: float = LEVEL) -> float:
    """How often n pairs with this spread resolve a true difference; T^2 is noncentral F, whose far tail is safe."""
    return float(1 - ncfdtr(1, n - 1, n * (difference / sd) ** 2, critical(n - 1, level) ** 2))


def detectable(sd: float, n: int, level: float = LEVEL) -> float:
    """The smallest true difference that n pairs with this spread resolve in 80 % of all repetitions, at this level."""
    if n < 2 or not sd:
        return float("nan")
    return sd * float(ncfdtrinc(1, n - 1, 1 - POWER, critical(n - 1, level) ** 2) / n) ** 0.5


def verdict(row: Mapping[str, Any]) -> tuple[str | None, str]:
    """Which side is better, if the corrected test says so; and in words."""
    if row["n"] < 2:
        return None, "not resolved: one seed"
    if not row["sd"]:
        return None, "no difference in any seed" if not row["difference"] else "not resolved: no spread to judge it by"
    if not row["p_holm"] < LEVEL:
        return None, "not resolved"
    better = row["left"] if (row["difference"] > 0) == (row["direction"] == "higher") else row["right"]
    return better, f"{better} is better"
