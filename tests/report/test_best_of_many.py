"""The first of many is the luckiest: verdicts against it are wrong more often than those on a pair that was named."""

import numpy as np
import pytest

from snn.report.answer import SELECTED

LIMIT = 1.96 * np.sqrt(2)  # of the difference of two means with a standard deviation of 1 each


def wrong(rules: int, repetitions: int = 40_000) -> tuple[float, float]:
    """Of equal rules: the share of others said to be worse than the first, and of experiments with any such verdict."""
    means_RK = np.random.default_rng(0).normal(size=(repetitions, rules))
    behind_RK = means_RK.max(axis=1, keepdims=True) - means_RK
    worse_R = (behind_RK > LIMIT).sum(axis=1)
    return worse_R.mean() / (rules - 1), (worse_R > 0).mean()


def test_on_a_named_pair_one_verdict_in_twenty_is_wrong():
    means_RK = np.random.default_rng(0).normal(size=(40_000, 2))
    assert (abs(means_RK[:, 0] - means_RK[:, 1]) > LIMIT).mean() == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(("rules", "verdicts", "experiments"), [(5, 0.095, 0.28), (8, 0.13, 0.51), (36, 0.28, 0.99)])
def test_against_the_first_of_several_more_are_as_the_docs_say(rules, verdicts, experiments):
    assert wrong(rules) == pytest.approx((verdicts, experiments), abs=0.01)
    assert "more than one in twenty" in SELECTED
