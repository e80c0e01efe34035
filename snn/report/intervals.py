"""Intervals for new seeds and new test samples at once, from the outcome of every sample under every seed. No torch.

Seeds and samples are both drawn: training again draws other seeds, and other people have other samples of the same
kind. With d[s, i] the outcome of sample i under seed s, or the difference of two methods under the same seed,

    d_s = mean over i        q_i = mean over s        m = mean of all
    Vs = var(d_s) / n        Vi = var(q_i) / N        Ve = sum (d - d_s - q_i + m)^2 / ((n - 1) (N - 1)) / (n N)

are the variances of m by seeds, by samples, and by what is left; Vi holds Ve once too often. For a level a, with
Student's t of n - 1 degrees of freedom, the normal z, and f the square of one outcome's share of the mean,

    half = max( sqrt(t^2 Vs + z^2 (max(Vi - Ve, 0) + f)),  z sqrt(Vi + f) )

is half the interval of m. Where seeds show no spread, test sampling is left: zero spread is never certainty. The rule
was chosen among fourteen by simulation; `tests/report/test_intervals.py` repeats what it covers, `docs/statistics.md`
states what it assumes. `benchmarks/coverage.py` simulates predictions for chips and what they recover.
"""

from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

POWER = 0.8  # with which a detectable difference is found
MOST_SEEDS = 1000
LEVEL = 0.05  # of all intervals that are not corrected: they cover 95 %
SKEWED = 0.55  # of the level of a prediction that skewed chips would miss too often


def over_seeds(sd: Any, n: Any, level: float = LEVEL) -> Any:
    """Half of Student's interval of a mean over n seeds, of which nothing else is drawn; NaN for one seed.

    Numbers or columns of a table.
    """
    n = np.asarray(n, dtype=float)
    return stdtrit(np.where(n > 1, n - 1, np.nan), 1 - level / 2) * sd / n**0.5


class Interval(NamedTuple):
    """Two ends; either may be infinite."""

    low: float
    high: float

    @property
    def half(self) -> float | None:
        """Half its width; None if an end is infinite."""
        half = (self.high - self.low) / 2
        return half if half < float("inf") else None

    def advantage(self, higher: bool) -> "Interval":
        """The interval itself if higher values are better, else turned, so that more is better."""
        return self if higher else Interval(-self.high, -self.low)


class Estimate(NamedTuple):
    """A mean over n seeds and N samples, with its variances by seeds, by samples and by what is left (`rest`).

    `grain`: the share that one outcome has in the mean, 1/N if outcomes are 0 or 1; 0 if they are numbers.
    """

    mean: float
    seeds: int
    samples: int
    by_seeds: float
    by_samples: float
    rest: float
    grain: float

    def half(self, level: float = LEVEL) -> float:
        """Half the interval that covers the mean of all seeds and samples in 1 - level of all repetitions.

        With one seed, that of this one network or pair over new samples.
        """
        z2 = float(ndtri(1 - level / 2)) ** 2
        sampling = z2 * (self.by_samples + self.grain**2)
        if self.seeds == 1:
            return sampling**0.5
        t2 = float(stdtrit(self.seeds - 1, 1 - level / 2)) ** 2
        apart = z2 * (max(self.by_samples - self.rest, 0.0) + self.grain**2)
        return max(t2 * self.by_seeds + apart, sampling) ** 0.5

    def with_seeds(self, seeds: int) -> "Estimate":
        """What is expected of so many seeds with the spreads seen here: that of samples stays, the others shrink."""
        share = self.seeds / seeds
        by_samples = max(self.by_samples - self.rest, 0.0) + self.rest * share
        return self._replace(seeds=seeds, by_seeds=self.by_seeds * share, by_samples=by_samples, rest=self.rest * share)

    def detectable(self, level: float = LEVEL) -> float:
        """About the true difference whose interval excludes 0 in 80 % of all repetitions."""
        apart = max(self.by_samples - self.rest, 0.0) + self.grain**2
        return self.half(level) + float(ndtri(POWER)) * (self.by_seeds + apart) ** 0.5

    def seeds_for(self, difference: float, level: float = LEVEL) -> int | None:
        """The fewest seeds that detect such a true difference with the spreads seen here.

        None for more than MOST_SEEDS, as where test sampling alone hides it: then more samples are needed.
        """

        def enough(seeds: int) -> bool:
            return self.with_seeds(seeds).detectable(level) <= abs(difference)

        return bisect_left(range(MOST_SEEDS), True, lo=2, key=enough) if enough(MOST_SEEDS) else None

    def interval(self, level: float = LEVEL) -> Interval:
        """The interval itself."""
        half = self.half(level)
        return Interval(self.mean - half, self.mean + half)


def estimate(d_SN: np.ndarray, binary: bool = True) -> Estimate:
    """The mean of outcomes or differences d, one row per seed, one column per sample.

    `binary`: single outcomes are 0 or 1. Means over the chips of a seed are binary in this sense.
    """
    d_SN = np.asarray(d_SN, dtype=np.float64)
    n, samples = d_SN.shape
    mean, of_seeds, of_samples = _centred(d_SN)
    by_seeds = _square(of_seeds) / (n * max(n - 1, 1))
    by_samples = _square(of_samples) / (samples * max(samples - 1, 1))
    left = _square((d_SN - mean).ravel()) - samples * _square(of_seeds) - n * _square(of_samples)
    rest = max(left, 0.0) / (max(n - 1, 1) * max(samples - 1, 1)) / (n * samples)
    return Estimate(mean, n, samples, by_seeds, by_samples, rest, 1 / samples if binary else 0.0)


def recovered(gain_SN: np.ndarray, loss_SN: np.ndarray, binary: bool = True, level: float = LEVEL) -> Interval | None:
    """The interval of -gain / loss by Fieller's theorem; None where the interval of the loss holds 0, or none is found.

    The set of all rho for which gain + rho loss is compatible with 0, by the variances of `estimate`:

        (m_G + rho m_L)^2 <= t^2 Vs(rho) + z^2 (Vi(rho) - Ve(rho) + f (1 + rho^2))

    a quadratic in rho, and an interval only if its leading coefficient is positive.
    """
    n, samples = gain_SN.shape
    loss = estimate(loss_SN, binary)
    if n < 2 or abs(loss.mean) <= loss.half(level):
        return None
    t2, z2 = float(stdtrit(n - 1, 1 - level / 2)) ** 2, float(ndtri(1 - level / 2)) ** 2
    parts = [_centred(np.asarray(part, dtype=np.float64)) for part in (gain_SN, loss_SN)]
    rest = [part - mean - s[:, None] - i for part, (mean, s, i) in zip((gain_SN, loss_SN), parts, strict=True)]

    def coefficient(a: int, b: int) -> float:
        """Of the product of parts a and b: 0 is the gain, 1 the loss."""
        by_seeds = parts[a][1] @ parts[b][1] / (n - 1) / n
        by_samples = parts[a][2] @ parts[b][2] / (samples - 1) / samples
        left = np.vdot(rest[a], rest[b]) / ((n - 1) * (samples - 1)) / (n * samples)
        floor = loss.grain**2 * (a == b)
        return float(parts[a][0] * parts[b][0] - t2 * by_seeds - z2 * (by_samples - left + floor))

    square, linear, constant = coefficient(1, 1), coefficient(0, 1), coefficient(0, 0)
    within = linear**2 - square * constant
    if square <= 0 or within < 0:
        return None
    return Interval((-linear - within**0.5) / square, (-linear + within**0.5) / square)


class Chips(NamedTuple):
    """What one new chip will show, from values of several chips under each of several seeds; more is better.

    `new`: the interval of a new network on a new chip; `at_least`: its one-sided bound; `same`: half the interval of a
    network that is there on a new chip, around the mean of its chips.
    """

    new: Interval
    at_least: float
    same: float


def chips(v_SC: np.ndarray, grain: float = 0.0, level: float = LEVEL) -> Chips | None:
    """Predictions from v, one row per seed, one column per chip of the seed; None for one seed, or one chip a seed.

    With m the mean of v, and the distances of `reach`:

        new  m - r_new to m + r_new        at_least  m - r_below        same  r_same
    """
    v_SC = np.asarray(v_SC, dtype=np.float64)
    if min(v_SC.shape) < 2:
        return None
    mean, (new, below, same) = float(v_SC.mean()), map(float, reach(v_SC, grain, level))
    return Chips(Interval(mean - new, mean + new), mean - below, same)


def reach(v_XSC: np.ndarray, grain: float = 0.0, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far predictions for one new chip reach from the mean, of experiments on any axes X: r_new, r_below, r_same.

    With S2 the variance of the means of seeds, MSW that of chips within a seed, but at least `grain`^2, the square of
    what one outcome moves a value by, c chips a seed, and t(a, f) what Student's t of f degrees exceeds in a of all
    cases:

        v1 = (1 + 1/n) S2        v2 = (1 - 1/c) MSW        r(a)^2 = t(a, n - 1)^2 v1 + t(a, n (c - 1))^2 v2
        r_new = r(a / 2)         r_below = r(b)            r_same = t(b / 2, n (c - 1)) sqrt(MSW (1 + 1/c))

    for the level a, and b = 0.55 a. Each part has a t of its own, since one with the degrees of both together covers
    less where seeds differ more than chips. b is below a, since most chips lose little and a few lose much.
    """
    n, c = v_XSC.shape[-2:]
    within_X = np.maximum(v_XSC.var(axis=-1, ddof=1).mean(axis=-1), grain**2)
    v1_X, v2_X = (1 + 1 / n) * v_XSC.mean(axis=-1).var(axis=-1, ddof=1), (1 - 1 / c) * within_X

    def half(share: float) -> np.ndarray:
        t1, t2 = stdtrit(np.array([n - 1, n * (c - 1)]), 1 - share)
        return np.sqrt(t1**2 * v1_X + t2**2 * v2_X)

    same_X = stdtrit(n * (c - 1), 1 - SKEWED * level / 2) * np.sqrt(within_X * (1 + 1 / c))
    return half(level / 2), half(SKEWED * level), same_X


def _centred(d_SN: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The mean, and the means of seeds and of samples without it."""
    mean = float(d_SN.mean())
    return mean, d_SN.mean(axis=1) - mean, d_SN.mean(axis=0) - mean


def _square(values: np.ndarray) -> float:
    return float(values @ values)
