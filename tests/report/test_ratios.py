"""Ratios over seeds: cases by hand, what their intervals cover by simulation, and claims that are read off them."""

from math import exp, inf, isnan, log, nan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snn.config import Claims, Ratio
from snn.report.ratios import Needed, geometric_mean, median, needed
from snn.report.sections.claims.table import check
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.ratios import table as ratios
from snn.report.sections.steps import page
from snn.report.sections.steps import table as steps
from tests.report_inputs import inputs
from tests.rows import frame, row

# what one seed needs


@pytest.mark.parametrize(
    ("tried", "first", "least", "most"),
    [
        ([1, 2, 4, 16], 4, 20, 40),  # 3 was not tried
        ([1, 2, 4, 16], 16, 40, 160),
        ([1, 2, 4, 16], 2, 20, 20),  # no whole number lies between 1 and 2
        ([1, 2, 4, 16], 1, 10, 10),
        ([1, 2, 4, 16], None, 160, inf),
        ([4, 16], 4, 0, 40),
        ([4], None, 40, inf),
    ],
)
def test_a_seed_needs_more_than_the_steps_before_and_at_most_the_first_that_suffice(tried, first, least, most):
    enough = [[first is not None and at >= first for at in tried]]
    found = needed(np.array(tried), 10.0 * np.array([tried]), np.array(enough))
    assert (found.least_S.tolist(), found.most_S.tolist()) == ([least], [most])


def test_steps_that_suffice_no_longer_later_do_so_and_cost_may_fall_with_steps():
    found = needed(np.array([1, 4, 8]), np.array([[9.0, 7.0, 1.0]]), np.array([[False, True, False]]))
    assert (found.least_S.tolist(), found.most_S.tolist()) == ([7], [7])


def test_without_seeds_nothing_is_needed_and_no_ratio_known():
    nothing = needed(np.array([1, 4]), np.empty((0, 2)), np.empty((0, 2), bool))
    assert isnan(median(nothing, nothing).ratio)
    assert median(nothing, nothing).interval == (0, inf)
    assert isnan(geometric_mean(np.empty(0), np.empty(0)).ratio)


# the median over seeds


def exact(values) -> Needed:
    return Needed(np.array(values, float), np.array(values, float))


ONE = exact([1] * 5)


def test_five_seeds_lie_between_the_smallest_lower_and_the_largest_upper_bound():
    more = Needed(np.array([16.0, 16, 8, 17, 32]), np.array([32.0, 32, 16, 17, 64]))
    fewer = Needed(np.array([3.0, 4, 4, 2, 4]), np.array([4.0, 4, 4, 2, 4]))
    # ratios of the steps found 8, 8, 4, 8.5, 16; lower bounds 4, 4, 2, 8.5, 8; upper bounds 32/3, 8, 4, 8.5, 16
    assert median(more, fewer) == (pytest.approx(8), (2, 16))


def test_of_nine_seeds_one_on_each_side_may_do_anything_and_of_eight_none():
    nine, eight = exact([1, 1, 2, 3, 5, 8, 9, 11, inf]), exact([1, 1, 2, 3, 5, 8, 9, 11])
    assert median(nine, exact([4] * 8 + [inf])).interval == (0.25, 11 / 4)
    assert median(eight, exact([1] * 7 + [inf])).interval == (0, 9)


@pytest.mark.parametrize("n", range(6, 31))
def test_of_known_ratios_the_interval_is_that_of_scipy_for_a_quantile(n):
    values = np.random.default_rng(n).lognormal(size=n)
    expected = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    found = median(exact(values), exact(np.ones(n)))
    assert found.interval == (expected.low, expected.high)
    assert found.ratio == pytest.approx(exp(np.median(np.log(values))))


def test_seeds_that_agree_are_bounded_by_the_steps_that_were_tried():
    coarse = Needed(np.full(5, 16.0), np.full(5, 32.0))
    assert median(coarse, ONE) == (pytest.approx(32), (16, 32))
    assert median(exact([8] * 5), ONE) == (pytest.approx(8), (8, 8))


def test_a_ratio_that_half_of_the_seeds_do_not_have_is_not_known_but_bounded():
    never = Needed(np.full(5, 32.0), np.full(5, inf))
    for found, interval in ((median(never, ONE), (32, inf)), (median(ONE, never), (0, 1 / 32))):
        assert isnan(found.ratio)
        assert found.interval == interval
    assert isnan(median(never, never).ratio)
    assert median(never, never).interval == (0, inf)


def test_nothing_over_nothing_is_not_known_and_nothing_bounds_it():
    found = median(exact([0] * 5), exact([0] * 5))
    assert isnan(found.ratio)
    assert found.interval == (0, inf)


def test_four_seeds_bound_nothing():
    found = median(exact([8, 9, 10, 11]), exact([1] * 4))
    assert found == (pytest.approx(sqrt(90)), (0, inf))


costs = st.tuples(st.integers(1, 64), st.one_of(st.integers(0, 64), st.just(inf))).map(
    lambda pair: (pair[0], sum(pair))
)
seeds = st.lists(st.tuples(costs, costs), min_size=5, max_size=24)


def sides(drawn):
    return [Needed(*np.array([pair[side] for pair in drawn], float).T) for side in (0, 1)]


@given(seeds)
def test_the_ratio_lies_in_its_interval_and_that_of_the_inverse_is_inverted(drawn):
    more, fewer = sides(drawn)
    found, inverse = median(more, fewer), median(fewer, more)
    if not isnan(found.ratio):
        assert found.interval.low <= found.ratio * (1 + 1e-12)
        assert found.ratio <= found.interval.high * (1 + 1e-12)
        assert inverse.ratio == pytest.approx(1 / found.ratio)
    assert inverse.interval.low == pytest.approx(1 / found.interval.high)
    assert inverse.interval.high == pytest.approx(1 / found.interval.low if found.interval.low else inf)


@given(seeds, st.data())
def test_to_know_a_seed_less_well_never_narrows_the_interval(drawn, data):
    which = data.draw(st.integers(0, len(drawn) - 1))
    least, most = drawn[which][0]
    vaguer = (data.draw(st.floats(0, least)), data.draw(st.floats(most, allow_nan=False)))
    known = median(*sides(drawn)).interval
    found = median(*sides([*drawn[:which], (vaguer, drawn[which][1]), *drawn[which + 1 :]])).interval
    assert found.low <= known.low
    assert found.high >= known.high


@given(seeds, st.permutations(range(24)), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_order_of_seeds_does_not_matter_and_a_unit_of_cost_is_a_factor(drawn, order, factor):
    more, fewer = sides(drawn)
    known = median(more, fewer)
    mixed = median(*sides([drawn[i] for i in order if i < len(drawn)]))
    assert mixed.ratio == pytest.approx(known.ratio, nan_ok=True)
    assert mixed.interval == known.interval
    scaled = median(Needed(factor * more.least_S, factor * more.most_S), fewer)
    assert scaled.interval == (factor * known.interval.low, factor * known.interval.high)


# costs that are known


def test_known_costs_have_students_interval_of_the_logarithm():
    more, fewer = np.array([20.0, 30, 50]), np.array([10.0, 10, 20])
    logs = [log(2), log(3), log(2.5)]
    found = geometric_mean(more, fewer)
    assert found.ratio == pytest.approx(15 ** (1 / 3))
    assert found.interval == pytest.approx(np.exp(stats.t.interval(0.95, 2, np.mean(logs), stats.sem(logs))))


@pytest.mark.parametrize(
    ("more", "fewer", "ratio"),
    [([2.0], [1.0], 2), ([171.3, 171.3 * 3], [3.7, 3.7 * 3], 171.3 / 3.7), ([0.0, 1.0], [1.0, 1.0], nan)],
    ids=["one seed", "no spread", "nothing is needed"],
)
def test_without_a_spread_over_seeds_known_costs_bound_nothing(more, fewer, ratio):
    found = geometric_mean(np.array(more), np.array(fewer))
    assert found == (pytest.approx(ratio, nan_ok=True), (0, inf))


# coverage


class World:
    """Fewest steps of two methods in many seeds: ceil(median exp(deviation e)), infinite with a probability, and the
    numbers of steps that are tried. e is normal, or exponential with median 0; or a tenth of the seeds needs four times
    as much as all others.
    """

    def __init__(self, more, fewer, tried, shape="normal", never=0.0):
        self.methods, self.tried, self.shape, self.never = (more, fewer), np.array(tried, float), shape, never

    def steps(self, rng, *size):
        """Of both methods."""
        for middle, deviation in self.methods:
            e = rng.standard_normal(size) if self.shape == "normal" else rng.exponential(size=size) - log(2)
            if self.shape == "outliers":
                e = log(4) * (rng.random(size) < 0.1)
            found = np.ceil(middle * np.exp(deviation * e))
            yield np.where(rng.random(size) < self.never, inf, found)

    def needed(self, rng, n):
        """What evaluations at the steps that are tried tell of n seeds, for both methods."""
        tried_ST = np.tile(self.tried, (n, 1))
        return [needed(self.tried, tried_ST, steps_S[:, None] <= tried_ST) for steps_S in self.steps(rng, n)]

    def truth(self):
        """The median over seeds of the ratio, and the mean of its logarithm."""
        more, fewer = self.steps(np.random.default_rng(1), 400_000)
        known = np.isfinite(more) | np.isfinite(fewer)
        found = more[known] / fewer[known]
        return np.median(found), np.log(found).mean() if not self.never else nan


EXPERIMENTS = 1000
SEEDS = (5, 10, 20)
EVERY, OCTAVES, SOME = range(1, 65), [1, 2, 4, 8, 16, 32, 64], [1, 2, 3, 4, 6, 8, 16, 32, 64]
# In percent, as in docs/statistics.md: coverage of the median of the ratio at n = 5, 10, 20; of the mean logarithm by
# Student's t over bounds; experiments in which the two have a lower end.
ALL = (100, 100, 100)
WORLDS = {
    "every": (World((20, 0.3), (3, 0.3), EVERY), (95, 98, 96), (95, 95, 96), ALL, ALL),
    "skewed": (World((15.9, 0.3), (2.8, 0.3), EVERY, "skewed"), (97, 99, 98), (97, 96, 94), ALL, ALL),
    "outliers": (World((16, 1.0), (4, 0.0), EVERY, "outliers"), ALL, (41, 63, 88), ALL, ALL),
    "some": (World((15.5, 0.4), (1.8, 0.3), SOME), ALL, ALL, ALL, ALL),
    "octaves": (World((20, 0.3), (3, 0.3), OCTAVES), ALL, ALL, ALL, ALL),
    "never": (World((20, 0.3), (3, 0.3), SOME, never=0.1), ALL, None, (60, 74, 99), (60, 36, 12)),
}


def students(more: Needed, fewer: Needed) -> tuple[float, float]:
    """The mean of the lower bounds of log(more / fewer), less t standard errors; and that of upper bounds, plus t."""
    n, found = len(more.most_S), []
    for sign, bound_S in ((-1, more.least_S / fewer.most_S), (1, more.most_S / fewer.least_S)):
        logs_S = np.log(bound_S) if np.isfinite(bound_S).all() and bound_S.all() else np.full(n, sign * inf)
        half = stats.t.ppf(0.975, n - 1) * logs_S.std(ddof=1) / sqrt(n) if np.isfinite(logs_S).all() else 0
        found.append(logs_S.mean() + sign * half)
    return found[0], found[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (i % 2)) for i, name in enumerate(WORLDS)]
)
def test_the_median_is_covered_in_at_least_94_of_100_experiments_and_the_mean_logarithm_is_not(name):
    world, expected, of_t, bounded, bounded_t = WORLDS[name]
    middle, mean_log = world.truth()
    rng, covered, covered_t, ends, ends_t = np.random.default_rng(0), [], [], [], []
    for n in SEEDS:
        drawn = [world.needed(rng, n) for _ in range(EXPERIMENTS)]
        low, high = np.array([median(*both).interval for both in drawn]).T
        low_t, high_t = np.array([students(*both) for both in drawn]).T
        covered.append(100 * np.mean((low <= middle * (1 + 1e-9)) & (middle <= high * (1 + 1e-9))))
        covered_t.append(100 * np.mean((low_t <= mean_log + 1e-9) & (mean_log <= high_t + 1e-9)))
        ends.append(100 * np.mean(low > 0))
        ends_t.append(100 * np.mean(low_t > -inf))
    assert min(covered) >= 94
    assert covered == pytest.approx(expected, abs=2)
    assert ends == pytest.approx(bounded, abs=3)
    assert ends_t == pytest.approx(bounded_t, abs=3)
    if of_t:  # where some seeds never suffice there is no mean
        assert covered_t == pytest.approx(of_t, abs=2)


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_geometric_mean_of_known_costs_is_covered_in_95_of_100_experiments(n):
    rng, covered = np.random.default_rng(n), 0
    for _ in range(2000):
        more, fewer = np.exp(0.2 * rng.standard_normal((2, n)) + 0.3 * rng.standard_normal(n))
        low, high = geometric_mean(3 * more, fewer).interval
        covered += low <= 3 <= high
    assert covered / 20 == pytest.approx(95, abs=1.5)


# the sections


def evaluated(values, at=(1, 4, 16), teachers=None, **changes):
    """Rows of runs.csv: validation values of each seed of each method, at each number of steps, and of teachers.

    A step costs 100 operations and 10 nJ.
    """
    n = len(next(iter(values.values())))
    rows = [
        row(method, seed, val=value, steps_eval=steps, acs=100.0 * steps, energy_nj=10.0 * steps)
        for method, seeds in values.items()
        for seed, own in enumerate(seeds)
        for steps, value in zip(at, own, strict=True)
    ]
    rows += [row("ann", seed, val=value, steps=1) for seed, value in enumerate(teachers or [0.95] * n)]
    return frame(*rows).assign(**changes)


def at_one(first):
    """Validation values that come within a point from the first, second, third or no number of steps on."""
    return [0.94 if at >= first else 0.5 for at in range(3)]


def within(runs, more="a", fewer="b", column="steps_eval"):
    table = ratios.compare(runs, dict.fromkeys({more, fewer}, "ann"), [(more, fewer)])
    (found,) = (
        table[(table.basis == ratios.WITHIN) & (table["column"] == column)].fillna({"low": 0, "high": inf}).itertuples()
    )
    return found


def test_each_seed_has_its_own_steps_beside_its_own_teacher():
    runs = evaluated({"a": [at_one(1)] * 5, "b": [at_one(0)] * 5}, teachers=[0.95, 0.94, 0.93, 0.94, 0.96])
    rows = steps.of_seeds(runs[runs.method != "b"], {"a": "ann"})
    assert steps.needed_by_seed(rows, "steps_eval").most_S.tolist() == [4, 4, 4, 4, inf]
    assert steps.needed_by_seed(rows, "acs").least_S.tolist() == [100, 100, 100, 100, 1600]
    assert (within(runs).ratio, within(runs).high) == (pytest.approx(4), inf)


@pytest.mark.parametrize("column", ["steps_eval", "acs", "energy_nj"])
def test_a_ratio_within_a_point_is_between_the_costs_of_the_steps_that_were_tried(column):
    found = within(evaluated({"a": [at_one(2)] * 5, "b": [at_one(1)] * 5}), column=column)
    assert (found.n, found.diverged, found.ratio, found.low, found.high) == (5, 0, pytest.approx(4), 1, 16)


def test_what_is_extrapolated_bounds_no_ratio():
    runs = evaluated({"a": [at_one(2)] * 5, "b": [at_one(0)] * 5})
    runs["extrapolated"] = (runs.method == "b") & (runs.steps_eval != 4)
    assert (within(runs).ratio, within(runs).low, within(runs).high) == (pytest.approx(4), 1, inf)


@pytest.mark.parametrize("diverged", ["a", "b", "ann"])
def test_a_seed_in_which_a_side_or_its_teacher_diverged_is_left_out_and_counted(diverged):
    runs = evaluated({"a": [at_one(2)] * 5 + [at_one(0)], "b": [at_one(1)] * 6})
    runs.loc[(runs.method == diverged) & (runs.seed == 5), "status"] = "diverged"
    found = within(runs)
    assert (found.n, found.diverged, found.ratio, found.low, found.high) == (5, 1, pytest.approx(4), 1, 16)
    none = within(runs.assign(status="diverged"))
    assert (none.n, none.diverged, none.low, none.high) == (0, 6, 0, inf)
    assert isnan(none.ratio)


def test_errors_have_no_ratio_within_a_point_but_costs_have_one():
    runs = evaluated({"a": [at_one(2)] * 2, "b": [at_one(1)] * 2}, metric="mse")
    table = ratios.compare(runs, {"a": "ann", "b": "ann"}, [("a", "b")])
    assert set(table.basis) == {ratios.OWN}


def test_at_own_steps_a_method_is_compared_with_those_asked_for_and_by_energy_with_its_teacher():
    runs = evaluated({"a": [at_one(1)] * 3, "b": [at_one(1)] * 3})
    runs.loc[(runs.method == "a") & (runs.steps_eval == 4), "energy_nj"] = [80.0, 120.0, 200.0]
    table = ratios.compare(runs, {"a": "ann", "b": "ann"}, [("a", "b")])
    table = table[(table.basis == ratios.OWN) & (table["column"] == "energy_nj")]
    assert list(zip(table.more, table.fewer, strict=True)) == [("a", "b"), ("a", "ann"), ("b", "ann")]
    assert table.ratio.tolist() == pytest.approx([30 ** (1 / 3), 4 * 30 ** (1 / 3) * 10, 40])
    logs = np.log([2, 3, 5])
    expected = np.exp(stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs)))
    assert (table.low.iloc[0], table.high.iloc[0]) == pytest.approx(tuple(expected))


def claim(more="a", fewer="b", times=1.0, column="steps_eval"):
    return Ratio(claim="c", source="s", why="w", answered_by="x", column=column, more=more, fewer=fewer, times=times)


def test_pairs_are_those_of_claims_as_they_name_them_then_those_asked_for_and_no_ann():
    spiking = dict.fromkeys("abc", "ann")
    asked = [("b", "a"), ("a", "c"), ("a", "ann")]
    assert ratios.pairs(spiking, asked, [claim(), claim(), claim("b", "missing")]) == [("a", "b"), ("a", "c")]


@pytest.mark.parametrize(
    ("more", "fewer", "times", "verdict"),
    [
        ("slow", "fast", 1, "holds"),
        ("slow", "fast", 10, "not resolved"),
        ("slow", "fast", 17, "fails"),
        ("never", "fast", 4, "holds"),
        ("never", "fast", 5, "not resolved"),
        ("fast", "never", 1, "fails"),
        ("never", "never2", 1, "not resolved"),
    ],
)
def test_claims_are_read_off_the_table_of_ratios(more, fewer, times, verdict):
    first = {"fast": 1, "slow": 2, "never": 3, "never2": 3}
    nothing = pd.DataFrame(columns=list(comparisons.COLUMNS))
    claims = Claims(source="s", claims=(), ratios=(claim(more, fewer, times),))

    def checked(n, **changes):
        runs = evaluated({method: [at_one(at)] * n for method, at in first.items()}, **changes)
        teachers = dict.fromkeys(first, "ann")
        return check(claims, nothing, ratios.compare(runs, teachers, ratios.pairs(teachers, [], claims.ratios)))

    assert checked(5).verdict.tolist() == [verdict]
    assert checked(5).n.tolist() == [5]
    assert checked(4).verdict.tolist() == ["not resolved"]
    assert checked(1).verdict.tolist() == ["not tested: one seed"]
    assert checked(5, metric="mse").empty


def test_a_page_tells_how_many_seeds_reach_a_point_and_the_median_of_their_fewest_steps():
    runs = evaluated(
        {"a": [at_one(2), at_one(1), at_one(1), at_one(1), at_one(3)], "b": [at_one(3)] * 3 + [at_one(0)] * 2}
    )
    given = inputs(runs, methods=("a", "b"), seeds=tuple(range(5)))
    table = given.table("steps").drop_duplicates("method").set_index("method")
    assert table.seeds_that_reach.to_dict() == {"a": 4, "b": 2}
    assert (table.median_fewest_steps["a"], isnan(table.median_fewest_steps["b"])) == (4, True)
    lines = {
        line.split("|")[1].strip(): line.split("|")[-3:-1] for line in page.page(given).splitlines() if "|" in line
    }
    assert [text.strip() for text in lines["a"]] == ["4 of 5", "4"]
    assert [text.strip() for text in lines["b"]] == ["2 of 5", "never"]
