"""Statistics of a few paired seeds: interval of a mean, paired t-test, Holm's correction, power. No torch.

    interval     mean +- t(0.975, n-1) sd / sqrt(n)
    test         t = mean sqrt(n) / sd, p = 2 P(T_{n-1} > |t|), the paired t-test, two-sided
    correction   Holm: p~_(i) = max over j <= i of min(1, (m - j + 1) p_(j)), p_(1) <= p_(2) <= ...
    power        P(|T_{n-1, d sqrt(n) / sd}| > t(0.975, n-1)) of a true difference d: T noncentral, exact

Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 1979; Lehmann and Romano,
Testing statistical hypotheses, for the power of the t-test.
"""

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import pandas as pd
from scipy.special import ncfdtr, ncfdtrinc, stdtr, stdtrit

LEVEL = 0.05  # significance level of all tests, two-sided; intervals have the confidence 1 - LEVEL
POWER = 0.8  # with which a detectable difference is found


@overload
def interval(sd: float, n: int) -> float: ...
@overload
def interval(sd: pd.Series, n: pd.Series) -> pd.Series: ...
def interval(sd: pd.Series | float, n: pd.Series | int) -> pd.Series | float:
    """Half the width of the 95 % confidence interval of a mean of n values; NaN for n = 1."""
    if isinstance(n, int):
        return float(critical(n - 1) * sd / n**0.5) if n > 1 else float("nan")
    return critical((n - 1).where(n > 1)) * sd / n**0.5


def critical(degrees: Any, level: float = LEVEL) -> Any:
    """The two-sided critical value of |t| with these degrees of freedom, a number or a series."""
    return stdtrit(degrees, 1 - level / 2)


def t_test(mean: float, sd: float, n: int) -> float:
    """The two-sided p of the hypothesis that the mean of n differences is zero; NaN for n = 1.

    Without spread (sd = 0), p is 1 if the mean is zero, else NaN.
    """
    if n < 2 or not sd:
        return 1.0 if n > 1 and not mean else float("nan")
    return float(2 * stdtr(n - 1, -abs(mean) * n**0.5 / sd))


def holm(p: Sequence[float]) -> list[float]:
    """Corrected p values, in the given order. NaN remains NaN, and counts as one of the tests."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")  # NaN is last
    steps = np.minimum(1, (len(values) - np.arange(len(values))) * values[order])
    corrected = np.empty(len(values))
    corrected[order] = np.where(np.isnan(steps), np.nan, np.fmax.accumulate(steps))
    return corrected.tolist()


def power(difference: float, sd: float, n: int, level: float = LEVEL) -> float:
    """The probability that n pairs with this spread resolve a true difference.

    Computed by the noncentral F distribution of T^2, which is accurate in the far tail.
    """
    return float(1 - ncfdtr(1, n - 1, n * (difference / sd) ** 2, critical(n - 1, level) ** 2))


def detectable(sd: float, n: int, level: float = LEVEL) -> float:
    """The smallest true difference that n pairs with this spread resolve with power 0.8; NaN for n = 1 or sd = 0."""
    if n < 2 or not sd:
        return float("nan")
    return sd * float(ncfdtrinc(1, n - 1, 1 - POWER, critical(n - 1, level) ** 2) / n) ** 0.5


def verdict(row: Mapping[str, Any]) -> tuple[str | None, str]:
    """The better side of a comparison, if the corrected test resolves the difference, and the result in words.

    `row` has left, right, n, difference, sd, p_holm, and direction: higher or lower, whichever is better.
    """
    if row["n"] < 2:
        return None, "not resolved: one seed"
    if not row["sd"]:
        return None, "no difference in any seed" if not row["difference"] else "not resolved: no spread to judge it by"
    if not row["p_holm"] < LEVEL:
        return None, "not resolved"
    better = row["left"] if (row["difference"] > 0) == (row["direction"] == "higher") else row["right"]
    return better, f"{better} is better"
