"""Comparisons, steps and claims: pairs by seed, tests one can check by hand, verdicts that follow from intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from snn.config import Claim, Claims, Ratio, Side, params
from snn.report import statistics
from snn.report.sections import Section
from snn.report.sections.claims.table import check
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.steps import table as steps
from snn.report.sections.summary import table as summary
from tests.rows import frame, row


def paired(differences, **changes) -> pd.DataFrame:
    """Rows of a and b whose test values differ by these, seed by seed."""
    rows = [row("b", seed, test=0.5 + 0.01 * seed, **changes) for seed in range(len(differences))]
    rows += [row("a", seed, test=0.5 + 0.01 * seed + d, **changes) for seed, d in enumerate(differences)]
    return frame(*rows)


# tests


def test_holm_by_hand():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert statistics.holm([0.04, float("nan")]) == pytest.approx([0.08, float("nan")], nan_ok=True)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 50])
def test_the_smallest_detectable_effect_is_detected_four_times_in_five(n):
    effect, beyond = statistics.detectable(0.3, n), stats.t.ppf(0.975, n - 1)
    t = stats.nct(n - 1, effect * n**0.5 / 0.3)
    assert t.sf(beyond) == pytest.approx(0.8, abs=2e-4)  # the other tail holds less than 1e-6
    assert statistics.power(0.0, 0.3, n) == pytest.approx(0.05)


def test_a_comparison_is_the_paired_t_test_of_scipy():
    runs = paired([0.01, 0.03, -0.01, 0.02])
    (found,) = comparisons.compare(runs, [("a", "b")]).itertuples()
    sides = [runs[runs.method == method].value_test for method in "ab"]
    expected = stats.ttest_rel(*(side.to_numpy() for side in sides))
    interval = expected.confidence_interval()
    assert (found.n, found.p, found.p_holm) == (4, pytest.approx(expected.pvalue), pytest.approx(expected.pvalue))
    assert (found.difference - found.ci95, found.difference + found.ci95) == pytest.approx(tuple(interval))


def test_the_caption_tells_the_correction_that_is_computed():
    caption = " ".join(Section("comparisons").caption.split())
    assert "its correction by Holm within the ``family``" in caption
    assert f"at {statistics.LEVEL} over the number of tests in the family" in caption


# pairs


def test_pairs_are_made_by_seed_not_by_place():
    runs = paired([0.01, 0.03, -0.01, 0.02])
    expected = comparisons.compare(runs, [("a", "b")])
    for order in (np.arange(8)[::-1], np.random.default_rng(0).permutation(8)):
        pd.testing.assert_frame_equal(comparisons.compare(runs.iloc[order], [("a", "b")]), expected)


def test_a_seed_that_one_side_lacks_is_no_pair_and_n_says_so():
    runs = paired([0.01, 0.03, 0.9])
    found = comparisons.compare(runs[(runs.method == "a") | (runs.seed < 2)], [("a", "b")]).iloc[0]
    assert (found.n, found.difference) == (2, pytest.approx(0.02))


def test_each_side_has_its_chosen_learning_rate_and_its_own_steps():
    runs = frame(
        row("a", lr=0.1, test=0.5, chosen=False),
        row("a", lr=0.2, test=0.7),
        row("a", lr=0.2, test=0.0, steps_eval=8),
        row("ann", lr=9.0, test=0.6, steps=1),
    )
    found = comparisons.compare(runs, [("a", "ann")]).iloc[0]
    assert (found.lr_left, found.lr_right, found.difference) == (0.2, 9.0, pytest.approx(0.1))


def test_a_diverged_run_stays_in_its_pair_and_is_counted():
    runs = paired([-0.4, 0.01, 0.02])
    runs.loc[(runs.method == "a") & (runs.seed == 0), "status"] = "diverged"
    found = comparisons.compare(runs, [("a", "b")]).iloc[0]
    assert (found.n, found.diverged_left, found.diverged_right) == (3, 1, 0)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.10, 0.11, 0.12], "a is better"),
        ([-0.10, -0.11, -0.12], "b is better"),
        ([0.10, -0.11, 0.12], "not resolved"),
        ([0.1], "not resolved: one seed"),
        ([0.1, 0.1, 0.1], "not resolved: no spread to judge it by"),
        ([0.0, 0.0, 0.0], "no difference in any seed"),
    ],
)
def test_verdicts(differences, verdict):
    found = comparisons.compare(paired(differences), [("a", "b")]).iloc[0]
    assert found.verdict == verdict
    spread = len(set(differences)) > 1
    assert (pd.notna(found.ci95), pd.notna(found.detectable)) == (spread, spread)
    assert found.p == 1.0 if set(differences) == {0.0} else spread or pd.isna(found.p)


def test_of_squared_errors_the_smaller_is_better():
    found = comparisons.compare(paired([-0.10, -0.11, -0.12], metric="mse", direction="lower"), [("a", "b")]).iloc[0]
    assert found.verdict == "a is better"


def test_holm_counts_every_comparison_that_has_several_seeds():
    runs = pd.concat([paired([0.10, 0.11, 0.13]), frame(*(row("c", s, test=0.505) for s in range(3)), row("d", 0))])
    found = comparisons.compare(runs, [("a", "b"), ("c", "b"), ("d", "b")])
    assert found.p_holm[0] == pytest.approx(2 * found.p[0])
    assert pd.isna(found.p_holm[2])


def test_what_is_asked_for_and_what_is_compared_with_the_teacher_are_families_of_their_own():
    runs = pd.concat([paired([0.10, 0.11, 0.13]), frame(*(row("c", s, test=0.505) for s in range(3)))])
    pairs = [("a", "b"), ("c", "b"), ("a", "c")]
    asked, *others = comparisons.compare(runs, pairs, asked=pairs[:1]).itertuples()
    assert asked.p_holm == pytest.approx(asked.p)
    assert asked.detectable == pytest.approx(statistics.detectable(asked.sd, 3))
    assert others[0].detectable == pytest.approx(statistics.detectable(others[0].sd, 3, 0.05 / 2))


def test_every_method_is_compared_with_the_teacher_and_no_pair_twice():
    assert comparisons.pairs({"a": "ann", "b": "ann"}, [("a", "b"), ("ann", "b")]) == [
        ("a", "b"),
        ("ann", "b"),
        ("a", "ann"),
    ]


# steps


def by_steps(values, teacher=0.95, tried=(1, 4, 16)):
    rows = [
        row(method, val=value, test=0.5, steps_eval=at, acs=100.0 * at)
        for method, own in values.items()
        for at, value in zip(tried, own, strict=True)
    ]
    rows.append(row("ann", val=teacher, steps=1))
    return steps.by_steps(summary.summarise(frame(*rows)), dict.fromkeys(values, "ann"))


def test_the_fewest_steps_are_those_whose_validation_mean_is_within_a_point():
    table = by_steps({"fast": (0.9, 0.94, 0.95), "slow": (0.1, 0.5, 0.94), "never": (0.1, 0.2, 0.9)})
    fewest = table.drop_duplicates("method").set_index("method").fewest_steps
    assert (fewest["fast"], fewest["slow"]) == (4, 16)
    assert pd.isna(fewest["never"])
    assert table.steps_eval.tolist() == [1, 4, 16] * 3


def test_a_ratio_lies_between_the_bounds_that_the_steps_tried_set():
    table = by_steps({"fast": (0.9, 0.94, 0.95), "slow": (0.1, 0.5, 0.94), "never": (0.1, 0.2, 0.9)})
    assert steps.ratio(table, "steps_eval", "slow", "fast") == (4, 1, 16)
    assert steps.ratio(table, "acs", "never", "fast") == (float("inf"), 4, float("inf"))
    assert steps.ratio(table, "acs", "fast", "never") == (pytest.approx(float("nan"), nan_ok=True), 0, 0.25)


def test_what_is_extrapolated_bounds_no_ratio():
    table = by_steps({"fast": (0.94, 0.95, 0.2), "slow": (0.1, 0.5, 0.94)})
    table["extrapolated"] = (table.method == "fast") & (table.steps_eval != 4)
    assert steps.ratio(table, "steps_eval", "slow", "fast") == (4, 1, float("inf"))


def test_of_one_step_there_are_no_fewer():
    table = by_steps({"fast": (0.95, 0.95, 0.95), "slow": (0.1, 0.5, 0.94)})
    assert steps.ratio(table, "steps_eval", "slow", "fast") == (16, 4, 16)


@pytest.mark.parametrize(
    ("more", "fewer", "times", "verdict"),
    [
        ("slow", "fast", 1, "holds"),
        ("slow", "fast", 10, "not resolved"),
        ("slow", "fast", 17, "fails"),
        ("never", "fast", 4, "holds"),
        ("fast", "never", 1, "fails"),
        ("never", "never2", 1, "not resolved"),
    ],
)
def test_claims_on_ratios(more, fewer, times, verdict):
    low = (0.1, 0.2, 0.9)
    table = by_steps({"fast": (0.9, 0.94, 0.95), "slow": (0.1, 0.5, 0.94), "never": low, "never2": low})
    claim = Ratio(claim="c", source="s", column="steps_eval", more=more, fewer=fewer, times=times)
    claims = Claims(source="s", claims=(), ratios=(claim,))
    assert check(claims, frame(row()), table).verdict.tolist() == [verdict]


# claims


@pytest.mark.parametrize(
    ("differences", "margin", "verdict"),
    [
        ([0.10, 0.11, 0.12], 0.05, "holds"),
        ([0.10, 0.11, 0.12], 0.2, "fails"),
        ([0.10, 0.11, 0.12], 0.11, "not resolved"),
        ([0.10], 0.0, "not resolved"),
    ],
)
def test_claims_on_differences(differences, margin, verdict):
    claim = Claim(
        claim="c", source="s", column="value_test", left=Side(method="a"), right=Side(method="b"), margin=margin
    )
    claims = Claims(source="s", claims=(claim,))
    runs = paired(differences)
    wrong = runs.assign(chosen=False, value_test=0.0)
    none = by_steps({})
    assert check(claims, pd.concat([runs, wrong]), none).verdict.tolist() == [verdict]
    assert check(claims, runs.assign(metric="mse", direction="lower"), none).empty


def test_every_claim_is_about_methods_that_there_are():
    claims, _ = params.literature()
    methods = {side.method for claim in claims.claims for side in (claim.left, claim.right)}
    methods |= {method for claim in claims.ratios for method in (claim.more, claim.fewer)}
    assert methods <= set(params.names("methods"))
