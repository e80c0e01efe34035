"""The page of power: what comparisons.csv tells of primary pairs, and which experiments have no such numbers."""

import pandas as pd
import pytest

from snn.report import power

PAIR = {"left": "a", "right": "b", "column": "value_test", "family": "primary", "level": 0.025, "metric": "accuracy"}
FOUND = {"n": 5, "difference": 1.5, "ci95": 0.5, "detectable": 0.75, "seeds_for_a_point": 4}


def comparisons(*changes):
    """A comparisons.csv as it is in its file: accuracy in percent."""
    return pd.DataFrame([{**PAIR, **FOUND, **change} for change in changes])


def cells(page):
    """Of the rows of its tables, without those of titles."""
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if "---" not in line[0] and line[0].strip() != "left"]


def test_a_primary_pair_has_its_difference_and_the_seeds_that_resolve_a_point():
    page = power.page({"x": comparisons({}, {"left": "c", "seeds_for_a_point": None})}, {"x": "\n*stale*\n"})
    assert cells(page) == [
        ["a", "b", "5", "+1.5 ± 0.5", "0.8", "4"],
        ["c", "b", "5", "+1.5 ± 0.5", "0.8", "more test samples"],
    ]
    assert "### x" in page
    assert "level 0.025, for 2 primary pairs" in page
    assert page.endswith(" |\n\n*stale*\n")


@pytest.mark.parametrize("change", [{"family": "secondary"}, {"family": "claim"}, {"column": "energy_nj"}])
def test_other_pairs_and_columns_are_not_shown(change):
    page = power.page({"x": comparisons(change), "y": comparisons({}, {**change, "left": "c"})}, {"y": ""})
    assert [row[0] for row in cells(page)] == ["a"]
    assert "No primary pairs: `x`." in page


def test_one_seed_tells_nothing_and_errors_have_no_points():
    one = comparisons({"n": 1, "detectable": None, "seeds_for_a_point": None})
    errors = comparisons({"metric": "mse", "seeds_for_a_point": None})
    assert cells(power.page({"x": one, "y": errors}, {"x": "", "y": ""})) == [
        ["a", "b", "1", "+1.5 ± 0.5", "", "unknown"],
        ["a", "b", "5", "+1.5000 ± 0.5000", "0.7500", ""],
    ]


@pytest.mark.parametrize("column", power.NEEDED)
def test_tables_of_older_code_are_named_and_not_read(column):
    page = power.page({"x": comparisons({}).drop(columns=column), "y": comparisons({})}, {"y": ""})
    assert len(cells(page)) == 1
    assert "without these numbers: `x`." in page
    assert "No primary" not in page
