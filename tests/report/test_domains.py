"""Domains of axes: a few values far away are left out, all others are in, and nothing is cut without need."""

from hypothesis import given
from hypothesis import strategies as st

from snn.report.domains import domain

NEAR = st.lists(st.integers(160, 168).map(lambda i: i / 2), min_size=5, unique=True)  # within three widths of a middle


@given(NEAR, st.lists(st.floats(0, 30), min_size=1, max_size=2))
def test_values_far_below_are_left_out_and_all_others_are_in(near, far):
    cut = domain([(value, value - 1, value + 1) for value in near + far])
    assert max(far) < cut["low"] <= min(near)
    assert cut["high"] >= max(near)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_an_axis_is_cut_only_where_all_values_take_twice_the_room(values):
    cut = domain([(value, value, value) for value in values])
    assert not cut or max(values) - min(values) >= 2 * (cut["high"] - cut["low"]) > 0


def test_three_good_methods_and_two_collapsed_ones_leave_the_range_of_the_good_ones():
    means = [83.0, 83.3, 83.8, 84.0, 85.4, 86.9, 36.6, 40.7]
    assert domain([(mean, mean - 0.7, mean + 0.7) for mean in means]) == {"low": 82.3, "high": 87.6}


def test_most_methods_at_chance_do_not_make_the_middle():
    spans = [(mean, mean, mean) for mean in (10.0, 10.1, 10.2, 10.3, 90.0, 91.0, 92.0)]
    assert domain(spans, [False] * 4 + [True] * 3) == {"low": 90.0, "high": 92.0}


def test_a_long_interval_of_a_near_value_does_not_stretch_the_axis():
    spans = [(x, x - 0.5, x + 0.5) for x in (-4.0, -3.0, -1.5, 0.0, 1.5)] + [(-4.1, -25.0, 18.0), (-47.0, -65.0, -30.0)]
    assert domain(spans) == {"low": -4.5, "high": 2.0}


def test_equal_or_few_values_are_all_shown():
    assert (
        domain([(5.0, 5.0, 5.0)] * 4)
        == domain([(1.0, 0.0, 2.0), (90.0, 80.0, 95.0)])
        == domain([(1.0, 1.0, 1.0)])
        == {}
    )


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=9))
def test_values_within_three_intervals_of_each_other_are_all_shown(values):
    assert domain([(value, value - 1, value + 1) for value in values]) == {}
