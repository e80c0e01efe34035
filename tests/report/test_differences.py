"""Columns of two versions of a table are compared row by row, whatever the order of the rows."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from snn.report.differences import KEYS, Difference, differences
from tests.rows import frame, row

KEY = KEYS["runs"]
ROWS = [row("a", seed) for seed in range(3)]
CHIPS = [row("a", 0, condition="noisy", noise="mismatch", level=0.2, chip=chip) for chip in range(2)]


def test_all_kinds_of_rows_have_names_of_their_own():
    compared = differences(frame(*ROWS, *CHIPS), frame(*ROWS, *CHIPS), KEY)
    assert compared == ([], 5, 0, 0)


@given(st.permutations(range(5)))
def test_rows_in_any_order_are_compared_with_those_of_their_name(order):
    old = frame(*ROWS, *CHIPS)
    assert differences(old, old.iloc[order].reset_index(drop=True), KEY) == ([], 5, 0, 0)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_any_other_number_is_a_difference_of_its_size(value, changed):
    old = frame(*ROWS, *CHIPS)
    new = old.copy()
    new.loc[changed, "acs"] = value
    size = abs(value - 100.0)
    assert differences(old, new, KEY).columns == ([Difference("acs", 1, size, True)] if size else [])


def test_empty_cells_differ_from_numbers_and_texts_and_not_from_each_other():
    old, new = frame(*ROWS), frame({**ROWS[0], "value_test_last": 0.5, "draw": "x"}, *ROWS[1:])
    old["draw"] = None
    assert differences(old, new, KEY).columns == [
        Difference("value_test_last", 1, None, True),
        Difference("draw", 1, None, False),
    ]
    assert differences(new, new, KEY).columns == []


def test_rows_and_columns_of_one_version_are_counted():
    types = {"level": float, "chip": float}
    new = frame(*ROWS[1:], row("b")).astype(types)
    found = differences(frame(*ROWS, *CHIPS).assign(more=1).astype(types), new, KEY)
    assert found == ([Difference("more", 2, None, False)], 2, 3, 1)


def test_rows_of_one_name_are_compared_in_their_order():
    old = pd.concat([frame(*ROWS)] * 2, ignore_index=True)
    new = old.assign(acs=[*old.acs[:3], *(old.acs[3:] + 1)])
    assert differences(old, new, KEY) == ([Difference("acs", 3, 1.0, True)], 6, 0, 0)
