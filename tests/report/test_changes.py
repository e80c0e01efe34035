"""What moved between two versions: every kind of change is told, and none that is not there."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.evaluation.outcomes import Outcomes
from snn.report.changes import APPEARED, IDENTICAL, MOVED, VANISHED, WITHIN, Version, changes, counts, ordered, source
from tests import outcomes
from tests.rows import frame, row


def version(*rows, data="d0", commit="c0", machine="m0", values_RN=None) -> Version:
    runs = frame(*rows).assign(digest=[f"{i:012x}" for i in range(len(rows))])
    costs = pd.DataFrame(
        {
            "path": [f"results/runs/d/n/{r.method}/T4/s{r.seed}-{r.digest}" for r in runs.itertuples()],
            "commit": commit,
            "machine": machine,
            "versions": "v0",
            "parents": f"data={data}",
        }
    )
    return Version(runs, outcomes.of(runs) if values_RN is None else Outcomes.of(values_RN, True), costs)


def some(method="a", shift=0.0, n=5, **changes):
    return [row(method, seed, test=0.80 + 0.005 * seed + shift, **changes) for seed in range(n)]


def states(old: Version, new: Version) -> dict[str, str]:
    return changes(old, new).set_index("method").state.to_dict()


def test_the_same_outcomes_are_identical_whatever_made_them():
    assert states(version(*some()), version(*some(), commit="c1", machine="m1")) == {"a": IDENTICAL}


def test_a_shift_of_all_seeds_is_a_move_and_cells_of_one_version_are_told():
    found = changes(version(*some(), *some("b")), version(*some(shift=0.1), *some("c")))
    assert found.set_index("method").state.to_dict() == {"a": MOVED, "b": VANISHED, "c": APPEARED}
    moved = found[found.method == "a"].iloc[0]
    assert (moved.old, moved.new, moved.difference) == pytest.approx((0.81, 0.91, 0.1))
    assert moved.low <= moved.difference <= moved.high
    assert counts(found) == {IDENTICAL: 0, WITHIN: 0, MOVED: 1, APPEARED: 1, VANISHED: 1}
    assert [cell.method for cell in ordered(found)] == ["a", "b", "c"]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_runs_that_are_drawn_again_alike_are_no_move(seed):
    """Ten cells of independent draws of the same accuracy: one in twenty comparisons may find a move, in one cell."""
    draw = np.random.default_rng(seed)
    rows = [row(f"m{i}", s) for i in range(10) for s in range(5)]
    two = [version(*rows, values_RN=(draw.random((50, 400)) < 0.8).astype(float)) for _ in range(2)]
    assert (changes(*two).state == MOVED).sum() <= 1


def test_other_seeds_are_compared_without_pairs_and_with_both_intervals():
    other = [{**r, "seed": r["seed"] + 5} for r in some(shift=0.004)]
    found = changes(version(*some()), version(*other)).iloc[0]
    assert (found.state, found.seeds) == (WITHIN, 0)
    paired = changes(version(*some()), version(*some(shift=0.004))).iloc[0]
    assert paired.high - paired.low < found.high - found.low


def test_one_more_seed_is_no_identity():
    assert states(version(*some(n=4)), version(*some(n=5))) == {"a": WITHIN}


@pytest.mark.parametrize("name", ["condition", "noise", "level", "calibrator", "targets", "control", "steps_eval"])
def test_cells_differ_in_every_column_that_names_a_condition(name):
    other = {"condition": "noisy", "noise": "m", "level": 0.3, "calibrator": "x", "targets": "teacher"}
    other |= {"control": "shuffled", "steps_eval": 8}
    found = changes(version(*some()), version(*some(**{name: other[name]})))
    assert sorted(found.state) == [APPEARED, VANISHED]


def test_of_a_cell_it_is_told_what_made_its_runs():
    found = source(
        version(*some(), *some("b"), data="d7", commit="c7"), changes(version(*some()), version(*some())).iloc[0]
    )
    assert (found.commits, found.data, len(found.digests)) == ({"c7"}, {"d7"}, 5)
