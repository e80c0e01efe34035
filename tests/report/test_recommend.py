"""Which rule for a chip: the ranking is that of the means, and only intervals tell rows apart."""

import numpy as np
import pandas as pd
import pytest

from snn.config import params
from snn.report.recommend import FIRST, ONE_SEED, WORSE, Place, affordable, cheapest, priced, ranked
from snn.report.verdicts import NOT_RESOLVED
from tests import outcomes
from tests.rows import frame, row

ENERGY = params.load("energy", "horowitz45_fp32")
ON_CHIP = {"condition": "calibrated", "noise": "mismatch", "level": 0.2}
PLACE = Place("mismatch", 0.2, 4)


def chips(method, *values, **changes):
    """Rows of a method on two chips under every seed, with these means over the chips of a seed."""
    return [
        row(method, seed, test=value + sign * 0.01, chip=chip, **{**ON_CHIP, **changes})
        for seed, value in enumerate(values)
        for chip, sign in enumerate((1, -1))
    ]


def rank(*rows, place=PLACE) -> pd.DataFrame:
    runs = frame(*rows)
    return priced(ranked(runs, outcomes.of(runs), place), ENERGY)


GOOD, SAME, BAD = (0.90, 0.91, 0.92), (0.905, 0.89, 0.915), (0.70, 0.71, 0.72)


def test_the_ranking_is_that_of_the_means_over_seeds_and_chips():
    rows = frame(*chips("a", *BAD), *chips("b", *GOOD), *chips("c", *SAME))
    found = ranked(rows, outcomes.of(rows), PLACE)
    plain = rows.query("condition == 'calibrated'").groupby("method").value_test.mean().sort_values(ascending=False)
    assert found.method.tolist() == plain.index.tolist() == ["b", "c", "a"]
    assert found.value_test.tolist() == pytest.approx(plain.tolist())
    assert found.n.tolist() == [3, 3, 3]


def test_only_an_interval_tells_a_row_from_the_first_one():
    found = rank(*chips("a", *BAD), *chips("b", *GOOD), *chips("c", *SAME))
    assert found.verdict.tolist() == [FIRST, NOT_RESOLVED, WORSE]
    assert found.behind.tolist() == pytest.approx([0, np.mean(SAME) - np.mean(GOOD), -0.2])


def test_the_cheapest_is_sought_among_those_that_are_not_resolved():
    rows = [*chips("a", *BAD, acs=1.0), *chips("b", *GOOD, acs=900.0), *chips("c", *SAME, acs=100.0)]
    assert cheapest(rank(*rows)).method == "c"
    assert cheapest(rank(*rows[:12])).method == "b"


def test_rows_above_a_bound_on_energy_are_apart_and_the_others_are_compared_among_each_other():
    rows = frame(*chips("a", *BAD, acs=1e3), *chips("b", *GOOD, acs=1e6), *chips("c", *SAME, acs=2e3))
    found = outcomes.of(rows)
    everything = priced(ranked(rows, found, PLACE), ENERGY).set_index("method")
    for most in everything.energy_nj:
        table, above = affordable(rows, found, PLACE, ENERGY, most)
        inside = rows[rows.method.isin(everything.index[everything.energy_nj <= most])].reset_index(drop=True)
        pd.testing.assert_frame_equal(table, priced(ranked(inside, outcomes.of(inside), PLACE), ENERGY))
        assert set(above.method) == set(everything.index[everything.energy_nj > most])
        assert above.energy_nj.is_monotonic_increasing
    assert affordable(rows, found, PLACE, ENERGY, everything.energy_nj.min() - 1e-6)[0].empty


def test_of_errors_the_least_is_first():
    small = {"metric": "mse", "direction": "lower"}
    rows = [*chips("a", *GOOD, **small), *chips("b", *BAD, **small)]
    assert rank(*rows).method.tolist() == ["b", "a"]
    assert rank(*rows).verdict.tolist() == [FIRST, WORSE]


@pytest.mark.parametrize(
    "other",
    [
        {"control": "shuffled"},
        {"noise": "stuck"},
        {"level": 0.4},
        {"steps_eval": 8},
        {"condition": "noisy", "calibrator": None, "targets": None},
        {"condition": "clean", "noise": None, "level": None},
    ],
    ids=str,
)
def test_nothing_else_enters_a_ranking(other):
    rows = chips("a", *GOOD)
    expected = rank(*rows)
    pd.testing.assert_frame_equal(rank(*rows, *chips("b", *BAD, **other), *chips("a", *BAD, **other)), expected)


def test_every_treatment_of_a_method_is_a_row_so_that_none_is_chosen_on_test_data():
    found = rank(*chips("a", *GOOD), *chips("a", *BAD, calibrator="bptt"), *chips("a", *SAME, targets="teacher"))
    assert found[["calibrator", "targets"]].values.tolist() == [
        ["ltl_offline", "own"],
        ["ltl_offline", "teacher"],
        ["bptt", "own"],
    ]


@pytest.mark.parametrize("place", [Place(None, 0, 4), Place("mismatch", 0, 4), Place("mismatch", 0, 4, False)])
def test_without_noise_a_chip_is_the_clean_network(place):
    clean = [row("a", seed, test=value) for seed, value in enumerate(GOOD)]
    assert rank(*clean, *chips("a", *BAD), place=place).value_test.tolist() == pytest.approx([np.mean(GOOD)])


def test_the_words_of_a_place_name_chips_only_where_there_is_noise():
    for calibrated, state in ((True, "calibrated"), (False, "as manufactured")):
        assert state in Place("mismatch", 0.2, 4, calibrated).words
        for clean in (Place("mismatch", 0, 4, calibrated), Place(None, 0, 4, calibrated)):
            assert state not in clean.words
            assert "clean networks" in clean.words


def test_one_seed_ranks_and_tells_nothing_apart():
    found = rank(*chips("a", 0.9), *chips("b", 0.1))
    assert found.method.tolist() == ["a", "b"]
    assert found.verdict.tolist() == [FIRST, ONE_SEED]
    assert found.one_chip.isna().all()


def test_a_diverged_seed_is_left_out_and_counted_and_a_method_without_any_other_is_no_row():
    lost = chips("b", 0.1, status="diverged")
    found = rank(*chips("a", *GOOD), *[{**r, "seed": 3} for r in chips("a", 0.1, status="diverged")], *lost)
    assert found[["method", "n", "diverged"]].values.tolist() == [["a", 3, 1]]
    assert found.value_test.tolist() == pytest.approx([np.mean(GOOD)])


def test_where_nothing_was_evaluated_there_is_no_row():
    assert rank(*chips("a", *GOOD), place=Place("mismatch", 0.3, 4)).empty
