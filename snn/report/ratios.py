"""Ratios of what two methods need, seed by seed, and their intervals for new seeds. No torch.

A cost that is known, as the energy at the steps trained with: the geometric mean over seeds, and Student's interval of
the mean of log(more / fewer).

The fewest steps that suffice are known to lie between two numbers that were tried; in some seeds none suffices. So the
mean of their logarithms may not exist, and seeds that agree show no spread. Here the ratio is the median over seeds.
With bounds l_s <= r_s <= u_s of the ratio of each of n seeds, and a = 0.05,

    low = the k-th smallest l_s      high = the k-th largest u_s      k the largest with P(Binomial(n, 1/2) < k) <= a/2

covers the median of all seeds in 1 - a of all repetitions or more, whatever their distribution. Five seeds are bounded
by the smallest and the largest, which cover 93.75 % or more; fewer seeds have no bounds. `tests/report/test_ratios.py`
simulates what both cover, and why the median: `docs/statistics.md`.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr

from snn.report.intervals import LEVEL, Interval, over_seeds

FEWEST_SEEDS = 5  # that bound a median
ROUNDING = 1e-9  # logarithms closer than this are equal


class Estimate(NamedTuple):
    """A ratio over seeds, NaN if it is 0, infinite or unknown; its interval, 0 to infinity if nothing bounds it."""

    ratio: float
    interval: Interval


class Needed(NamedTuple):
    """What each seed needs at least and at most; at most infinite if nothing that was tried suffices."""

    least_S: np.ndarray
    most_S: np.ndarray


def needed(steps_T: np.ndarray, cost_ST: np.ndarray, enough_ST: np.ndarray) -> Needed:
    """What the fewest steps that suffice cost, with one row per seed, one column per number of steps, in rising order.

    F is the first number of steps that suffices, P the one tried before it. The fewest steps are above P, up to F, if
    no fewer than P suffice either:

        at most   cost(F)      infinite if none suffices; P is then the last that was tried
        at least  cost(P)      0 if F was tried first, and cost(F) if F = P + 1, since steps are whole
    """
    seeds = len(cost_ST)
    tried_T = np.array([0.0, *steps_T, np.inf])
    cost_ST = np.hstack([np.zeros((seeds, 1)), cost_ST, np.full((seeds, 1), np.inf)])
    F_S = np.hstack([enough_ST, np.ones((seeds, 1), bool)]).argmax(axis=1) + 1
    before_S, most_S = cost_ST[np.arange(seeds), F_S - 1], cost_ST[np.arange(seeds), F_S]
    exact_S = tried_T[F_S] == tried_T[F_S - 1] + 1
    return Needed(np.where(exact_S, most_S, np.minimum(before_S, most_S)), most_S)


def median(more: Needed, fewer: Needed) -> Estimate:
    """The median over seeds of more / fewer, each at its fewest steps that were tried and suffice.

    A seed in which neither suffices may be anywhere: it leaves the median, and widens the interval.
    """
    n = len(more.most_S)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs_S = np.log(more.most_S / fewer.most_S)
        low_S, high_S = more.least_S / fewer.most_S, more.most_S / fewer.least_S
        logs_S = logs_S[~np.isnan(logs_S)]
        middle = float(np.median(logs_S)) if len(logs_S) else float("nan")
    ratio = float(np.exp(middle)) if np.isfinite(middle) else float("nan")
    if n < FEWEST_SEEDS:
        return Estimate(ratio, Interval(0.0, float("inf")))
    k = max(int((bdtr(np.arange(n), n, 0.5) <= LEVEL / 2).sum()), 1)
    low_S, high_S = np.nan_to_num(low_S, nan=0.0, posinf=np.inf), np.nan_to_num(high_S, nan=np.inf, posinf=np.inf)
    return Estimate(ratio, Interval(float(np.sort(low_S)[k - 1]), float(np.sort(high_S)[n - k])))


def geometric_mean(more_S: np.ndarray, fewer_S: np.ndarray) -> Estimate:
    """The geometric mean over seeds of more / fewer, of costs above 0; without bounds if seeds show no spread."""
    if not len(more_S) or min(*more_S, *fewer_S) <= 0:
        return Estimate(float("nan"), Interval(0.0, float("inf")))
    logs_S = np.log(more_S / fewer_S)
    ratio = float(np.exp(logs_S.mean()))
    if np.ptp(logs_S) <= ROUNDING:
        return Estimate(ratio, Interval(0.0, float("inf")))
    half = float(over_seeds(logs_S.std(ddof=1), len(logs_S)))
    return Estimate(ratio, Interval(ratio * float(np.exp(-half)), ratio * float(np.exp(half))))
