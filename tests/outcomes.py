"""Outcomes of test samples made by hand, and a slow reference for the interval of a mean over seeds and samples."""

import numpy as np
import pandas as pd
from scipy import stats

from snn.evaluation.outcomes import Outcomes

SAMPLES = 8000  # means are exact for thousandths and for 64ths


def of(runs: pd.DataFrame) -> Outcomes:
    """Outcomes whose means are the values on test data in these rows, counted from 0."""
    assert list(runs.index) == list(range(len(runs)))
    binary = set(runs.metric) <= {"accuracy"}
    values = [of_one(value, binary) for value in runs.value_test]
    return Outcomes.of(np.array(values).reshape(len(runs), SAMPLES), binary)


def of_one(value: float, binary: bool = True) -> np.ndarray:
    """The first samples are right, or all have the same error."""
    return (np.arange(SAMPLES) < round(value * SAMPLES)).astype(float) if binary else np.full(SAMPLES, value)


def half(d_SN: np.ndarray, binary: bool = True) -> float:
    """Half the 95 % interval of the mean of d, one row per seed; NaN for one seed."""
    (n, N), m = d_SN.shape, d_SN.mean()
    if n == 1:
        return float("nan")
    t, z, f = stats.t.ppf(0.975, n - 1), stats.norm.ppf(0.975), binary / N**2
    d_S, q_N = d_SN.mean(axis=1), d_SN.mean(axis=0)
    of_seeds, of_samples = d_S.var(ddof=1) / n, q_N.var(ddof=1) / N
    rest = ((d_SN - d_S[:, None] - q_N + m) ** 2).sum() / ((n - 1) * (N - 1)) / (n * N)
    both = t**2 * of_seeds + z**2 * (max(of_samples - rest, 0) + f)
    return max(both**0.5, z * (of_samples + f) ** 0.5)
