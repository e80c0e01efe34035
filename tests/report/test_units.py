"""Tables in files: accuracy in percent, everything else as it is, and back."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.core.columns import METRIC, Column
from snn.report.units import for_files, from_files, shifted

COLUMNS = {"value": Column(METRIC, "an outcome"), "energy": Column("nJ", "no outcome")}


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_in_percent_is_a_hundred_times_the_share_to_the_last_digit(k, n):
    share = k / n
    assert shifted(share, 2) == pytest.approx(100 * share, rel=1e-15)
    assert shifted(shifted(share, 2), -2) == pytest.approx(share, rel=3e-16)


@pytest.mark.parametrize(("share", "percent"), [(0.29, 29.0), (0.57, 57.0), (0.0, 0.0), (1.0, 100.0), (-0.015, -1.5)])
def test_no_digit_is_added_that_a_product_would_add(share, percent):
    assert shifted(share, 2) == percent
    assert shifted(percent, -2) == share


@pytest.mark.parametrize(("metric", "shown"), [("accuracy", 25.0), ("mse", 0.25)])
def test_only_outcomes_are_shown_in_percent_and_only_accuracies(metric, shown):
    table = pd.DataFrame({"value": [0.25, None], "energy": [0.5, 0.5]})
    found = for_files(table, COLUMNS, metric)
    assert found.value[0] == shown
    assert pd.isna(found.value[1])
    assert found.energy.tolist() == [0.5, 0.5]
    pd.testing.assert_frame_equal(from_files(found, COLUMNS, metric), table)


def test_rows_in_another_unit_stay_as_they_are():
    table = pd.DataFrame({"value": [0.25, 8.0]})
    found = for_files(table, COLUMNS, "accuracy", pd.Series([True, False]))
    assert found.value.tolist() == [25.0, 8.0]
