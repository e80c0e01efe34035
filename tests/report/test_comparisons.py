"""Comparisons, steps and claims: pairs by seed, tests one can check by hand, verdicts that follow from intervals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from pydantic import ValidationError
from scipy import stats

from snn.config import Claim, Claims, Side, params
from snn.report.intervals import estimate
from snn.report.pairs import Pair
from snn.report.sections.claims.page import claimed as claimed_text
from snn.report.sections.claims.table import check
from snn.report.sections.comparisons import figure as comparisons_figure
from snn.report.sections.comparisons import page as comparisons_page
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.ratios import table as ratios
from snn.report.sections.steps import table as steps
from snn.report.sections.summary import table as summary
from tests import outcomes
from tests.report_inputs import NO_FLAGS, NO_TUNING, inputs
from tests.rows import frame, row

WORDS = {"claim": "c", "source": "s", "why": "w", "answered_by": "x"}
NO_RATIOS = pd.DataFrame(columns=list(ratios.COLUMNS))


def paired(differences, **changes) -> pd.DataFrame:
    """Rows of a and b whose test values differ by these, seed by seed."""
    rows = [row("b", seed, test=0.5 + 0.01 * seed, **changes) for seed in range(len(differences))]
    rows += [row("a", seed, test=0.5 + 0.01 * seed + d, **changes) for seed, d in enumerate(differences)]
    return frame(*rows)


# pairs


def test_the_page_shows_the_interval_of_the_verdict_and_the_level_of_primary_pairs():
    names, values = ("a", "c", "d", "e"), (0.03, 0.06, 0.01, 0.08, 0.04)  # resolved at 0.05, but not at 0.05 / 4
    rows = [row("b", seed, test=0.5) for seed in range(5)]
    rows += [row(name, seed, test=0.5 + value) for name in names for seed, value in enumerate(values)]
    pairs = [(name, "b") for name in names]
    table = compare(frame(*rows), *pairs, ("b", "a"), primary=pairs)
    text = comparisons_page.page(inputs(frame(*rows), {"comparisons": table, "summary": NO_FLAGS}))
    assert "## Primary: 98.75 % intervals, at the level 0.05 / 4\n" in text
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    at = cells[0].index("interval"), cells[0].index("verdict"), cells[0].index("difference")
    shown = [[line[i] for i in at] for line in cells if line[0] in "abcde"]
    expected = [
        [f"{100 * row.low:+.1f} to {100 * row.high:+.1f}", row.verdict, f"{100 * row.difference:+.1f}"]
        for row in table.itertuples()
    ]
    assert shown == expected
    assert {row.verdict for row in table.itertuples()} == {"not resolved", "a is better"}
    for interval, verdict, _ in shown:
        low, high = (float(end) for end in interval.split(" to "))
        assert (low * high > 0) is verdict.endswith("is better")


def compare(runs: pd.DataFrame, *pairs: tuple[str, str], primary=()) -> pd.DataFrame:
    """The table of these pairs of methods: those in `primary`, the others compared with the teacher."""
    runs = runs.reset_index(drop=True)
    sides = [Pair(Side(method=left), Side(method=right), "value_test", "teacher") for left, right in pairs]
    sides = [
        pair._replace(family="primary") if names in primary else pair for pair, names in zip(sides, pairs, strict=True)
    ]
    return comparisons.compare(runs, outcomes.of(runs), sides)


@pytest.mark.parametrize("largest", [0.02, 0.5])
def test_the_figure_draws_the_intervals_of_verdicts_the_largest_first_and_tells_a_value_beyond_the_axis(largest):
    differences = {"a": 0.01, "c": 0.012, "d": largest}
    rows = [row("b", seed, test=0.4) for seed in range(3)]
    rows += [row(name, seed, test=0.4 + d + 0.002 * seed) for name, d in differences.items() for seed in range(3)]
    pairs = [(name, "b") for name in differences]
    table = compare(frame(*rows), *pairs, primary=pairs)
    figure = comparisons_figure.figure(inputs(frame(*rows), {"comparisons": table, "summary": NO_FLAGS}))
    axes = figure.axes[0]
    drawn = [line.get_segments()[0][:, 0] for line in axes.collections]
    texts = {text.get_text() for text in axes.texts}
    low, high = axes.get_xlim()
    pyplot.close(figure)
    shown = table.sort_values("difference", ascending=False)[int(largest > 0.1) :]
    assert drawn == [pytest.approx(100 * ends) for ends in shown[["low", "high"]].to_numpy(dtype=float)]
    assert low <= min(ends[0] for ends in drawn)
    assert high >= max(ends[1] for ends in drawn)
    assert ("+50.2" in texts) is (largest > 0.1)


@pytest.mark.parametrize(
    ("column", "metric", "unit"),
    [
        ("value_test", "accuracy", "points"),
        ("value_test", "mse", "mse"),
        ("acs", "accuracy", "operations"),
        ("energy_nj", "accuracy", "nJ"),
        ("energy_nj_synop_77fj", "mse", "nJ"),
    ],
)
def test_every_row_of_comparisons_and_claims_names_its_own_unit(column, metric, unit):
    runs = paired([0.01, 0.02, 0.03], metric=metric, direction="higher").assign(energy_nj=1.0, energy_nj_synop_77fj=2.0)
    sides = Side(method="a"), Side(method="b")
    found = comparisons.compare(runs, outcomes.of(runs), [Pair(*sides, column, "claim")])
    assert found.unit.tolist() == [unit]
    claim = Claim(**WORDS, left=sides[0], right=sides[1], column=column, margin=0.0, metric=metric)
    assert check(Claims(source="s", claims=(claim,)), found, NO_RATIOS).unit.tolist() == [unit]


def test_an_interval_is_that_of_the_outcomes_of_the_same_samples_under_the_same_seeds():
    differences = [0.01, 0.03, -0.01, 0.02]
    found = compare(paired(differences), ("a", "b")).iloc[0]
    right = [0.5 + 0.01 * seed for seed in range(4)]
    d_SN = np.array([outcomes.of_one(b + d) - outcomes.of_one(b) for b, d in zip(right, differences, strict=True)])
    assert (found.n, found.difference, found.sd) == (
        4,
        pytest.approx(0.0125),
        pytest.approx(np.std(differences, ddof=1)),
    )
    assert found.ci95 == pytest.approx(outcomes.half(d_SN))
    low, high = stats.t.interval(0.95, 3, np.mean(differences), stats.sem(differences))
    assert found.ci95_seeds == pytest.approx((high - low) / 2)
    assert found.ci95_seeds < found.ci95 < found.detectable


def test_pairs_are_made_by_seed_not_by_place():
    runs = paired([0.01, 0.03, -0.01, 0.02])
    expected = compare(runs, ("a", "b"))
    for order in (np.arange(8)[::-1], np.random.default_rng(0).permutation(8)):
        pd.testing.assert_frame_equal(compare(runs.iloc[order], ("a", "b")), expected)


def test_a_seed_that_one_side_lacks_is_no_pair_and_n_says_so():
    runs = paired([0.01, 0.03, 0.9])
    found = compare(runs[(runs.method == "a") | (runs.seed < 2)], ("a", "b")).iloc[0]
    assert (found.n, found.difference) == (2, pytest.approx(0.02))


def test_each_side_has_its_learning_rate_and_its_own_steps():
    runs = frame(
        row("a", lr=0.2, test=0.7),
        row("a", lr=0.2, test=0.0, steps_eval=8),
        row("ann", lr=9.0, test=0.6, steps=1),
    )
    found = compare(runs, ("a", "ann")).iloc[0]
    assert (found.lr_left, found.lr_right, found.difference) == (0.2, 9.0, pytest.approx(0.1))


def test_a_pair_in_which_a_run_diverged_is_counted_and_left_out_and_the_verdict_says_so():
    runs = paired([-0.4, 0.10, 0.11, 0.12])
    runs.loc[(runs.method == "a") & (runs.seed == 0), ["status", "value_val"]] = "diverged", 0.1
    found = compare(runs, ("a", "b")).iloc[0]
    assert (found.n, found.diverged_left, found.diverged_right) == (3, 1, 0)
    assert found.difference == pytest.approx(0.11)
    assert found.val_difference == pytest.approx(0)
    assert found.verdict == "a is better, given convergence"
    none = compare(runs.assign(status="diverged"), ("a", "b")).iloc[0]
    assert (none.n, none.verdict) == (0, "not tested: no seed in which both converged")
    assert pd.isna(none.difference)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.10, 0.11, 0.12], "a is better"),
        ([-0.10, -0.11, -0.12], "b is better"),
        ([0.10, -0.11, 0.12], "not resolved"),
        ([0.1], "not tested: one seed"),
        ([0.1, 0.1, 0.1], "a is better"),  # of 8,000 samples, of which 800 differ
        ([0.0, 0.0, 0.0], "equivalent"),
        ([0.0001, 0.0001, 0.0001], "equivalent"),
    ],
)
def test_verdicts(differences, verdict):
    found = compare(paired(differences), ("a", "b")).iloc[0]
    assert found.verdict == verdict
    assert pd.notna(found.ci95) == pd.notna(found.detectable) == (len(differences) > 1)
    assert found.ci95 != 0


def test_of_squared_errors_the_smaller_is_better():
    found = compare(paired([-0.10, -0.11, -0.12], metric="mse", direction="lower"), ("a", "b")).iloc[0]
    assert found.verdict == "a is better"


def test_verdicts_on_primary_pairs_are_corrected_for_their_number_and_no_others():
    runs = pd.concat([paired([0.10, 0.11, 0.13]), frame(*(row("c", s, test=0.505) for s in range(3)))])
    pairs = [("a", "b"), ("c", "b"), ("a", "c")]
    first, second, other = compare(runs, *pairs, primary=pairs[:2]).itertuples()
    assert (first.level, second.level, other.level) == (0.025, 0.025, 0.05)
    for found in (first, second):
        assert (found.high - found.low) / 2 > found.ci95
    assert ((other.high - other.low) / 2, other.family) == (pytest.approx(other.ci95), "teacher")


def test_every_method_is_compared_with_the_teacher_and_no_pair_twice():
    families = {"primary": [("a", "b")], "secondary": [("ann", "b")], "teacher": [("a", "ann"), ("b", "ann")]}
    assert [(pair.left.method, pair.right.method, pair.family) for pair in comparisons.pairs(families)] == [
        ("a", "b", "primary"),
        ("ann", "b", "secondary"),
        ("a", "ann", "teacher"),
    ]


def test_of_energy_and_operations_the_interval_is_over_seeds_and_less_is_better():
    runs = paired([0.0] * 3).assign(energy_nj=[5.0, 5.0, 5.0, 3.0, 4.0, 2.0])
    pair = Pair(Side(method="a"), Side(method="b"), "energy_nj", "claim")
    found = comparisons.compare(runs, outcomes.of(runs), [pair]).iloc[0]
    low, high = stats.t.interval(0.95, 2, -2.0, stats.sem([-2.0, -1.0, -3.0]))
    assert (found.difference, found.low, found.high) == pytest.approx((-2.0, low, high))
    assert found.verdict == ("a is better" if high < 0 else "not resolved")
    for other in (0.0, 3.7):  # 171.3 - 3.7 has another rounding error in every seed, or none
        alike = runs.assign(energy_nj=runs.method.map({"a": 171.3, "b": other}))
        found = comparisons.compare(alike, outcomes.of(runs), [pair]).iloc[0]
        assert (found.verdict, pd.isna(found.low), pd.isna(found.high)) == ("not resolved", True, True)


# steps


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    return summary.summarise(rows, NO_TUNING, outcomes.of(rows))


def by_steps(values, teacher=0.95, tried=(1, 4, 16)):
    rows = [
        row(method, val=value, test=0.5, steps_eval=at, acs=100.0 * at)
        for method, own in values.items()
        for at, value in zip(tried, own, strict=True)
    ]
    rows.append(row("ann", val=teacher, steps=1))
    return steps.by_steps(summarised(frame(*rows)), dict.fromkeys(values, "ann"))


def test_the_fewest_steps_are_those_whose_validation_mean_is_within_a_point():
    table = by_steps({"fast": (0.9, 0.94, 0.95), "slow": (0.1, 0.5, 0.94), "never": (0.1, 0.2, 0.9)})
    fewest = table.drop_duplicates("method").set_index("method").fewest_steps
    assert (fewest["fast"], fewest["slow"]) == (4, 16)
    assert pd.isna(fewest["never"])
    assert table.steps_eval.tolist() == [1, 4, 16] * 3


# claims


def claimed(differences, margin, **changes):
    """The claim that a is so much better than b, among these differences."""
    sides = {"left": Side(method="a"), "right": Side(method="b")}
    claim = Claim(**WORDS, column="value_test", **sides, margin=margin)
    runs = paired(differences).assign(**changes)
    pairs = comparisons.pairs({"teacher": [("b", "a")]}, [claim])  # the pair is there already, the other way round
    assert len(pairs) == 1
    compared = comparisons.compare(runs, outcomes.of(runs), pairs)
    return compared, check(Claims(source="s", claims=(claim,)), compared, NO_RATIOS)


@pytest.mark.parametrize(
    ("differences", "margin", "verdict"),
    [
        ([0.10, 0.11, 0.12], 0.05, "holds"),
        ([0.10, 0.11, 0.12], 0.2, "fails"),
        ([0.10, 0.11, 0.12], 0.11, "not resolved"),
        ([0.10, 0.10, 0.10], 0.10, "not resolved"),
        ([0.10], 0.0, "not tested: one seed"),
    ],
)
def test_a_claim_is_read_off_the_interval_of_its_pair(differences, margin, verdict):
    compared, claims = claimed(differences, margin)
    assert claims.verdict.tolist() == [verdict]
    (pair,), (claim,) = compared.itertuples(), claims.itertuples()
    assert claim.found == -pair.difference == pytest.approx(np.mean(differences))
    if pair.n > 1:
        assert (claim.low, claim.high) == pytest.approx((-pair.high, -pair.low))
    else:
        assert pd.isna([claim.low, claim.high, pair.low, pair.high]).all()


def test_claims_on_accuracy_are_not_checked_on_errors():
    _, claims = claimed([0.1, 0.11], 0.0, metric="mse", direction="lower")
    assert claims.empty


def test_every_claim_is_about_methods_that_there_are():
    claims, _ = params.literature()
    methods = {side.method for claim in claims.claims for side in (claim.left, claim.right)}
    methods |= {method for claim in claims.ratios for method in (claim.more, claim.fewer)}
    assert methods <= set(params.names("methods"))


# changes


def changing(of_a, of_b, other=None, **changes) -> pd.DataFrame:
    """Clean rows of a and b, and rows under a condition that change the values by these, seed by seed."""
    other = other or {"condition": "noisy", "noise": "mismatch", "level": 0.2, "chip": 0}
    rows = []
    for method, start, change in (("a", 0.9, of_a), ("b", 0.7, of_b)):
        for seed, d in enumerate(change):
            rows += [
                row(method, seed, val=start, test=start),
                row(method, seed, val=start + d, test=start + d, **other),
            ]
    return frame(*rows).assign(**changes)


NOISY = {"condition": "noisy", "noise": "mismatch", "level": "highest"}


def change_of(runs, column="value_test", **side):
    left, right = (Side(method=method, minus_clean=True, **side) for method in "ab")
    return comparisons.compare(runs, outcomes.of(runs), [Pair(left, right, column, "claim")])


def test_a_pair_of_changes_compares_what_each_side_lost_against_its_own_clean_network():
    of_a, of_b = [-0.10, -0.11, -0.12], [-0.20, -0.23, -0.23]
    found = change_of(changing(of_a, of_b), **NOISY).iloc[0]
    assert found.difference == pytest.approx(0.11)  # though a chip of a is 0.31 better than a chip of b
    assert found.val_difference == pytest.approx(0.11)
    d_SN = np.array(
        [
            outcomes.of_one(0.9 + a) - outcomes.of_one(0.9) - (outcomes.of_one(0.7 + b) - outcomes.of_one(0.7))
            for a, b in zip(of_a, of_b, strict=True)
        ]
    )
    assert found.ci95 == pytest.approx(outcomes.half(d_SN))
    assert (found.left_on, found.verdict) == ("noisy mismatch highest minus clean", "a is better")


def test_a_change_with_the_steps_is_that_from_the_steps_trained_with():
    runs = changing([0.03, 0.04, 0.05], [0.01, 0.01, 0.02], other={"steps_eval": 6})
    runs = pd.concat([runs, runs[runs.steps_eval == 6].assign(steps_eval=8, value_test=0.0)], ignore_index=True)
    found = change_of(runs, steps=6).iloc[0]
    assert (found.difference, found.left_on) == (pytest.approx(0.08 / 3), "clean 6 steps minus clean")
    sides = Side(method="a", steps=6), Side(method="a")
    own = comparisons.compare(runs, outcomes.of(runs), [Pair(*sides, "value_test", "claim")]).iloc[0]
    assert own.difference == pytest.approx(0.04)


def test_a_change_of_another_column_is_one_by_seed():
    runs = changing([0.0] * 3, [0.0] * 3)
    runs["acs"] = [100.0, 110.0, 100.0, 111.0, 100.0, 112.0, 100.0, 105.0, 100.0, 105.0, 100.0, 105.0]
    found = change_of(runs, column="acs", **NOISY).iloc[0]
    assert (found.difference, found.sd) == (pytest.approx(6.0), pytest.approx(1.0))


def test_a_change_whose_clean_network_diverged_is_no_pair():
    runs = changing([-0.1] * 4, [-0.2, -0.2, -0.21, -0.22])
    runs.loc[(runs.method == "a") & (runs.seed == 0), "status"] = "diverged"
    found = change_of(runs, **NOISY).iloc[0]
    assert (found.n, found.diverged_left) == (3, 1)
    assert found.verdict.endswith("given convergence")


@pytest.mark.parametrize(
    "side", [{"minus_clean": True}, {"steps": 6, **NOISY}, {"steps": 0}], ids=["of itself", "steps of chips", "none"]
)
def test_a_side_that_makes_no_sense_is_refused(side):
    with pytest.raises(ValidationError):
        Side(method="a", **side)


def test_a_change_is_not_claimed_to_exceed_a_value():
    with pytest.raises(ValidationError, match="minus_clean"):
        Claim(
            **WORDS,
            column="value_test",
            left=Side(method="a", minus_clean=True, **NOISY),
            right=Side(method="b", **NOISY),
            margin=0.0,
        )


# what a claim needs


def test_an_unresolved_claim_needs_the_seeds_that_resolve_its_distance_from_the_margin():
    differences = [0.08, 0.11, 0.12, 0.16]
    _, claims = claimed(differences, 0.09)
    d_SN = np.array(
        [outcomes.of_one(0.5 + 0.01 * s + d) - outcomes.of_one(0.5 + 0.01 * s) for s, d in enumerate(differences)]
    )
    seeds = estimate(d_SN).seeds_for(np.mean(differences) - 0.09)
    assert claims.needs.tolist() == [f"{seeds} seeds"]
    assert 4 < seeds < 1000


def test_a_resolved_claim_needs_nothing_and_one_seed_needs_more():
    assert claimed([0.10, 0.11, 0.12], 0.05)[1].needs.tolist() == [""]
    assert claimed([0.10, 0.11, 0.12], 0.2)[1].needs.tolist() == [""]
    assert claimed([0.10], 0.0)[1].needs.tolist() == ["more seeds"]


def test_where_test_sampling_hides_the_distance_more_samples_are_needed():
    assert claimed([0.10, 0.11, 0.12], 0.1099)[1].needs.tolist() == ["more test samples"]


def test_claims_on_errors_are_checked_on_errors_alone_and_in_their_unit():
    sides = {"left": Side(method="b"), "right": Side(method="a")}
    claim = Claim(**WORDS, column="value_test", **sides, margin=-0.003, metric="mse")
    runs = paired([0.001, 0.0011, 0.0012]).assign(metric="mse", direction="lower")
    for metric, verdicts in (("mse", ["holds"]), ("accuracy", [])):
        rows = runs.assign(metric=metric)
        compared = comparisons.compare(rows, outcomes.of(rows), comparisons.pairs({"teacher": [("b", "a")]}, [claim]))
        found = check(Claims(source="s", claims=(claim,)), compared, NO_RATIOS)
        assert found.verdict.tolist() == verdicts
    assert claimed_text(-0.0011, SimpleNamespace(of="difference", column="value_test", metric="mse")) == "-0.0011"


def test_a_claim_about_some_data_sets_is_checked_on_these_alone():
    sides = {"left": Side(method="a"), "right": Side(method="b")}
    claims = Claims(
        source="s", claims=(Claim(**WORDS, column="value_test", **sides, margin=0.0, datasets=("nmnist",)),)
    )
    compared = compare(paired([0.1, 0.11]), ("a", "b"))
    assert [len(check(claims, compared, NO_RATIOS, name)) for name in ("nmnist", "mnist")] == [1, 0]
