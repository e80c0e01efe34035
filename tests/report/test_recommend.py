"""Which rule for a chip: the ranking is that of the means, and only intervals tell rules apart."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.config import params
from snn.report import advice
from snn.report.candidates import FIRST, Candidates
from snn.report.pairs import Rows, difference
from snn.report.place import Place
from snn.report.recommend import ANY, Bounds, cells, every, firsts, in_order, ranked
from snn.report.verdicts import NOT_RESOLVED
from tests import outcomes
from tests.rows import frame, row

ENERGY = params.load("energy", "horowitz45_fp32")
ON_CHIP = {"condition": "calibrated", "noise": "mismatch", "level": 0.2}
PLACE = Place("mismatch", 0.2)
WORSE, ONE_SEED = "worse", "not tested: one seed"


def chips(method, *values, **changes):
    """Rows of a method on two chips under every seed, with these means over the chips of a seed."""
    return [
        row(method, seed, test=value + sign * 0.01, chip=chip, **{**ON_CHIP, **changes})
        for seed, value in enumerate(values)
        for chip, sign in enumerate((1, -1))
    ]


def found(*rows, place=PLACE) -> Candidates:
    runs = frame(*rows)
    return Candidates(runs, outcomes.of(runs), place)


def rank(*rows, place=PLACE, bounds=ANY) -> pd.DataFrame:
    return ranked(found(*rows, place=place), ENERGY, bounds).rules


def told(*rows, bounds=ANY) -> list[str]:
    return advice.answer(ranked(found(*rows), ENERGY, bounds), bounds)


GOOD, SAME, BAD = (0.90, 0.91, 0.92), (0.905, 0.89, 0.915), (0.70, 0.71, 0.72)
AT_2 = {"steps_eval": 2, "extrapolated": False}


def test_the_ranking_is_that_of_the_means_over_seeds_and_chips_at_the_steps_of_the_training_or_else_at_the_best():
    rows = [*chips("a", *BAD), *chips("b", *GOOD), *chips("c", *SAME), *chips("b", 0.8, 0.81, 0.8, targets="teacher")]
    rows += [*chips("a", 0.75, 0.76, 0.77, **AT_2), *chips("c", *BAD, **AT_2), *chips("b", 0.99, 0.98, 0.99, **AT_2)]
    plain = frame(*rows).query("condition == 'calibrated'")
    plain = plain.groupby(["method", "steps_eval", "calibrator", "targets"]).value_test.mean().reset_index()
    plain = plain.sort_values("value_test", ascending=False)
    best = rank(*rows)
    own = plain[plain.steps_eval == 4].drop_duplicates("method")
    assert best.method.tolist() == own.method.tolist() == ["b", "c", "a"]
    assert best.steps_eval.tolist() == [4, 4, 4]
    assert best.value_test.tolist() == pytest.approx(own.value_test.tolist())
    assert best.n.tolist() == [3, 3, 3]
    all_rows = every(found(*rows), ENERGY, ANY, int(best.index[0]))
    assert all_rows.method.tolist() == ["b", *plain.method.drop(own.index[0])]
    assert all_rows.verdict.iloc[0] == FIRST
    elsewhere = rank(*rows, bounds=Bounds(most_steps=3))
    assert elsewhere.method.tolist() == plain[plain.steps_eval == 2].method.tolist() == ["b", "a", "c"]


def test_of_equal_means_the_candidate_that_needs_less_energy_stands_for_its_rule():
    rows = [*chips("a", *GOOD, acs=900.0), *chips("a", *GOOD, targets="teacher", acs=100.0)]
    assert rank(*rows).targets.tolist() == ["teacher"]


def test_only_an_interval_tells_a_rule_from_the_first_one():
    table = rank(*chips("a", *BAD), *chips("b", *GOOD), *chips("c", *SAME))
    assert table.verdict.tolist() == [FIRST, NOT_RESOLVED, WORSE]
    assert table.behind.tolist() == pytest.approx([0, np.mean(SAME) - np.mean(GOOD), -0.2])
    assert (table.behind_low[1:] < table.behind[1:]).all()
    assert (table.behind_high[1:] > table.behind[1:]).all()


def test_two_rules_whose_interval_lies_within_a_point_are_equivalent():
    near = [value - 0.001 for value in GOOD]
    assert rank(*chips("a", *GOOD), *chips("b", *near)).verdict.tolist() == [FIRST, WORSE]
    near = GOOD[0] - 0.003, GOOD[1] + 0.001, GOOD[2] - 0.001
    assert rank(*chips("a", *GOOD), *chips("b", *near)).verdict.tolist() == [FIRST, "equivalent"]


def test_candidates_at_different_steps_are_compared_by_the_interval_of_every_pair():
    rows = [*chips("a", *GOOD), *chips("b", *SAME, **AT_2)]
    runs = frame(*rows)
    sides = [Rows(runs[runs.method == method]) for method in ("b", "a")]
    low, high = difference(*sides, outcomes.of(runs)).interval()
    second = rank(*rows).iloc[1]
    assert (second.behind_low, second.behind_high) == pytest.approx((low, high))


def test_a_cheaper_candidate_is_told_where_it_is_within_a_point_and_not_worse():
    best = chips("b", *GOOD, acs=9e6)
    poor = chips("a", 0.99, 0.55, 0.9, acs=1.0)  # cheap, and a wide interval: no advice
    assert rank(*best, *poor).verdict.tolist() == [FIRST, NOT_RESOLVED]
    assert ranked(found(*best, *poor), ENERGY).cheaper is None
    other = chips("b", *SAME, **AT_2, acs=1e3)
    own = ranked(found(*best, *poor, *other), ENERGY).cheaper
    assert (own.method, own.steps_eval, own.verdict) == ("b", 2, NOT_RESOLVED)
    equal = chips("c", GOOD[0] - 0.003, GOOD[1] + 0.001, GOOD[2] - 0.001, acs=1e6)
    own = ranked(found(*best, *poor, *other, *equal), ENERGY).cheaper
    assert (own.method, own.verdict) == ("c", "equivalent")


def test_a_better_mean_at_steps_outside_of_the_bounds_is_told_with_its_interval():
    rows = [*chips("a", *BAD), *chips("b", *GOOD, **AT_2), *chips("a", *SAME, **AT_2, acs=1e9)]
    held = ranked(found(*rows), ENERGY, Bounds((4,)))
    assert (held.elsewhere.method, held.elsewhere.steps_eval, held.elsewhere.verdict) == ("b", 2, "better")
    assert held.elsewhere.behind == pytest.approx(0.2)
    assert ranked(found(*rows), ENERGY, Bounds((2,))).elsewhere is None
    assert ranked(found(*rows), ENERGY).rules.steps_eval.tolist() == [2, 4]


@settings(max_examples=50)
@given(st.sampled_from([1, 2, 4, math.inf]), st.floats(0, 60), st.booleans())
def test_what_is_ranked_keeps_the_bounds_and_the_first_one_is_among_those_that_are_found_for_any_bound(most, nj, only):
    rows = [
        row(method, seed, test=value + 0.001 * seed, acs=1e3 * value * at, steps_eval=at, chip=0, **ON_CHIP)
        for method, value in (("a", 0.5), ("b", 0.7), ("c", 0.6))
        for at in (1, 2, 4)
        for seed in (0, 1)
    ]
    own, bounds = found(*rows), Bounds((4,) if only else (), most, nj)
    within = in_order(own, ENERGY)
    within = within[bounds.hold(within)]
    result = ranked(own, ENERGY, bounds)
    assert set(result.rules.method) == set(within.method)
    assert (result.rules.energy_nj <= nj).all()
    assert (result.rules.steps_eval <= most).all()
    assert set(result.least.method).isdisjoint(within.method)
    if len(within):
        assert result.rules.index[0] in firsts(own, [ENERGY], [bounds])


def test_bounds_change_nothing_but_which_candidates_there_are():
    rows = frame(*chips("a", *BAD, acs=1e3), *chips("b", *GOOD, acs=1e6), *chips("c", *SAME, acs=2e3))
    everything = rank(*rows.to_dict("records")).set_index("method")
    for most in everything.energy_nj:
        held = ranked(found(*rows.to_dict("records")), ENERGY, Bounds(most_nj=most))
        inside = rows[rows.method.isin(everything.index[everything.energy_nj <= most])]
        alone = rank(*inside.to_dict("records"))
        pd.testing.assert_frame_equal(held.rules.reset_index(drop=True), alone.reset_index(drop=True))
        assert set(held.least.method) == set(everything.index[everything.energy_nj > most])
        assert held.least.energy_nj.is_monotonic_increasing
    assert ranked(
        found(*rows.to_dict("records")), ENERGY, Bounds(most_nj=everything.energy_nj.min() - 1e-6)
    ).rules.empty


def test_of_errors_the_least_is_first():
    small = {"metric": "mse", "direction": "lower"}
    rows = [*chips("a", *GOOD, **small), *chips("b", *BAD, **small)]
    assert rank(*rows).method.tolist() == ["b", "a"]
    assert rank(*rows).verdict.tolist() == [FIRST, WORSE]


def test_what_sends_no_spikes_is_no_candidate():
    rows = [*chips("a", *BAD), *chips("ann", *GOOD, spikes=0.0, **AT_2)]
    assert rank(*rows).method.tolist() == ["a"]
    assert ranked(found(*rows), ENERGY, Bounds((2,))).rules.empty


@pytest.mark.parametrize(
    "other",
    [
        {"control": "shuffled"},
        {"noise": "stuck"},
        {"level": 0.4},
        {"condition": "noisy", "calibrator": None, "targets": None},
        {"condition": "clean", "noise": None, "level": None},
    ],
    ids=str,
)
def test_nothing_else_enters_a_ranking(other):
    rows = chips("a", *GOOD)
    expected = rank(*rows)
    pd.testing.assert_frame_equal(rank(*rows, *chips("b", *BAD, **other), *chips("a", *BAD, **other)), expected)


def test_every_treatment_of_a_method_is_a_row_where_that_is_asked_for():
    rows = [*chips("a", *GOOD), *chips("a", *BAD, calibrator="bptt"), *chips("a", *SAME, targets="teacher")]
    table = every(found(*rows), ENERGY, ANY, int(rank(*rows).index[0]))
    assert table[["calibrator", "targets"]].values.tolist() == [
        ["ltl_offline", "own"],
        ["ltl_offline", "teacher"],
        ["bptt", "own"],
    ]
    assert len(rank(*rows)) == 1


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
    table = rank(*chips("a", 0.9), *chips("b", 0.1))
    assert table.method.tolist() == ["a", "b"]
    assert table.verdict.tolist() == [FIRST, ONE_SEED]
    assert table.one_chip.isna().all()
    assert "One seed decides nothing." in told(*chips("a", 0.9), *chips("b", 0.1))


def test_a_diverged_seed_is_left_out_and_counted_and_a_method_without_any_other_is_no_row():
    lost = chips("b", 0.1, status="diverged")
    own = [*chips("a", *GOOD), *[{**r, "seed": 3} for r in chips("a", 0.1, status="diverged")]]
    table = rank(*own, *lost)
    assert table[["method", "n", "diverged"]].values.tolist() == [["a", 3, 1]]
    assert table.value_test.tolist() == pytest.approx([np.mean(GOOD)])
    assert rank(*own, *chips("c", *BAD)).verdict.tolist() == [FIRST, "worse, given convergence"]


def test_where_nothing_was_evaluated_there_is_no_row():
    assert rank(*chips("a", *GOOD), place=Place("mismatch", 0.3, 4)).empty


def test_the_sentences_count_rules_by_what_the_first_one_is_to_them():
    rows = [*chips("a", *BAD), *chips("b", *GOOD, acs=1e3), *chips("c", *SAME), *chips("c", *BAD, targets="teacher")]
    first, *others = told(*rows)
    assert first.startswith("b with calibrator ltl_offline (own targets) at T = 4: 91.0 % (95 % interval ")
    assert first.endswith(f", {cells(rank(*rows))[0]['energy nJ']} nJ.")
    assert "Not resolved against 1 of 2 other rules: c (90.3)." in others
    assert "Better than 1 of 2 other rules: a (71.0)." in others
    assert told(*chips("b", *GOOD))[1:] == ["It is the only rule."]
    assert told(*chips("b", *GOOD), *chips("a", *BAD))[1] == "Better than the other rule: a (71.0)."


def test_rules_above_a_bound_are_named_with_a_bound_that_they_keep():
    rows = [*chips("a", *BAD), *chips("b", *GOOD, acs=123456.789)]
    least = rank(*rows).energy_nj.min()
    words = told(*rows, bounds=Bounds(most_nj=least))[-1]
    need = float(words.partition("b (")[2].partition(" nJ)")[0])
    assert need >= rank(*rows).energy_nj.max() > need - 0.02
    assert len(rank(*rows, bounds=Bounds(most_nj=need))) == 2
