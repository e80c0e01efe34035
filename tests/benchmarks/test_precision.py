"""The effect of bfloat16 is a paired difference: of the same seeds, on the same samples."""

import pytest

from benchmarks import precision
from tests import outcomes
from tests.rows import frame, row


def version(*values):
    """Runs of one method under some seeds, and the outcomes of their test samples."""
    runs = frame(*(row("a", seed, test=value) for seed, value in values))
    return runs, outcomes.of(runs)


def test_seeds_that_both_have_are_compared_and_the_interval_holds_their_mean():
    full = version((0, 0.90), (1, 0.80), (2, 0.70))
    half = version((2, 0.75), (0, 0.92), (3, 0.1))
    (cells,) = zip(*precision.compared(full, half).values(), strict=True)
    assert cells[:3] == ("a", "80.00", "83.50")
    mean, low, high = (float(part) for part in cells[3].replace("(", "").replace(")", "").replace(" to", "").split())
    assert mean == pytest.approx(3.5)
    assert low < mean < high
    assert cells[4] == "2"


def test_the_same_runs_differ_by_nothing():
    same = version((0, 0.90), (1, 0.80))
    (cells,) = zip(*precision.compared(same, same).values(), strict=True)
    assert cells[3].startswith("+0.00 ")
