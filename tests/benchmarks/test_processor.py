"""Runs made twice: how many differ, by how much, which verdicts turn; and the page on record."""

import statistics
from dataclasses import replace

import pandas as pd
import pytest

from benchmarks import FOLDER, processor, processor_page
from snn.config import Claim, Claims
from snn.core import files
from snn.core.errors import InputError
from snn.core.paths import ROOT
from tests import outcomes
from tests.report_inputs import inputs
from tests.rows import frame, row

FIRST = {"ann": (0.95, 0.95, 0.95), "a": (0.90, 0.91, 0.92), "b": (0.80, 0.80, 0.81)}
SECOND = {"ann": (0.95, 0.95, 0.95), "a": (0.91, 0.91, 0.89), "b": (0.99, 0.99, 0.99)}
CLAIM = Claim(
    claim="a beats b",
    source="by hand",
    column="value_test",
    left={"method": "a"},
    right={"method": "b"},
    margin=0,
    why="by hand",
    answered_by="x",
)


def tables(values, machine="a processor AVX512", diverged=(), **changes):
    """Inputs of these test values by method and seed."""
    runs = frame(
        *(
            row(method, seed, test=value, status="diverged" if (method, seed) in diverged else "ok")
            for method, own in values.items()
            for seed, value in enumerate(own)
        )
    )
    costs = pd.DataFrame({"machine": [machine, None, machine], "commit": ["1234567" + "e" * 33] * 3})
    asked = {"methods": ("a", "b"), "seeds": (0, 1, 2), "comparisons": ({"left": "a", "right": "b"},)}
    claims = Claims(source="by hand", claims=(CLAIM,))
    return inputs(runs, collected={"costs": costs}, **{**asked, "claims": claims, **changes})


@pytest.fixture
def twice():
    return tables(FIRST), tables(SECOND, "a processor AVX2")


@pytest.fixture
def written(twice, tmp_path):
    processor.write(tmp_path, processor.methods(*twice), processor.verdicts(*twice))
    return processor.on_record(tmp_path)


def of(found, method):
    return found.set_index("method").loc[method]


def test_changes_are_second_minus_first_under_the_same_seed(twice):
    a = of(processor.methods(*twice), "a")
    assert (a.runs, a.diverged, a.differ, a.samples) == (3, 0, 2, outcomes.SAMPLES)
    assert (a.largest, a.change) == (pytest.approx(0.03), pytest.approx(-0.02 / 3))
    assert a.sd_change == pytest.approx(statistics.stdev([0.01, 0, -0.03]))
    assert (a.mean_first, a.sd_first) == (pytest.approx(0.91), pytest.approx(0.01))
    assert (a.mean_second, a.sd_second) == (pytest.approx(2.71 / 3), pytest.approx(statistics.stdev(SECOND["a"])))


def test_the_interval_of_the_mean_change_is_that_of_seeds_and_samples(twice):
    d_SN = [outcomes.of_one(new) - outcomes.of_one(old) for old, new in zip(FIRST["a"], SECOND["a"], strict=True)]
    a = of(processor.methods(*twice), "a")
    assert a.ci95 == pytest.approx(outcomes.half(pd.DataFrame(d_SN).to_numpy()))


def test_the_interval_over_seeds_is_students(twice):
    a = of(processor.methods(*twice), "a")
    assert a.ci95_seeds == pytest.approx(4.302653 * statistics.stdev([0.01, 0, -0.03]) / 3**0.5)


def test_the_order_of_rows_changes_nothing(twice):
    first, second = twice
    runs = second.collected["runs"].iloc[::-1].reset_index(drop=True)
    turned = replace(second, collected={**second.collected, "runs": runs}, outcomes=outcomes.of(runs))
    pd.testing.assert_frame_equal(processor.methods(first, turned), processor.methods(first, second))


def test_a_seed_in_which_either_run_diverged_is_left_out():
    a = of(processor.methods(tables(FIRST), tables(SECOND, diverged={("a", 2)})), "a")
    assert (a.runs, a.diverged, a.differ, a.largest) == (2, 1, 1, pytest.approx(0.01))


def test_one_seed_that_is_left_tells_no_spread():
    with pytest.raises(InputError, match="a: 1 seeds"):
        processor.methods(tables(FIRST, diverged={("a", 0)}), tables(SECOND, diverged={("a", 2)}))


def test_a_verdict_that_turns_is_on_record_with_both_intervals(written):
    _, found = written
    pair = found[found.family == "primary"].iloc[0]
    assert (pair.about, pair.verdict_first, pair.verdict_second) == ("a - b", "a is better", "b is better")
    assert pair.low_first > 0 > pair.high_second
    claim = found[found.table == "claims"].iloc[0]
    assert (claim.about, claim.verdict_first, claim.verdict_second) == ("a beats b", "holds", "fails")


def test_tables_on_record_are_in_points_and_the_page_counts_them(written):
    text = processor_page.text(*written)
    assert "5 of 9 runs end with another test accuracy, by up to 19.00 points." in text
    assert "turned: 1 of 1 primary pairs, 1 of 2 other comparisons, 1 of 1 claims.\nVerdicts on operations" in text
    assert "energy and ratios that turned: 0 of 0." in text
    assert "| a        | 3      | 2        | 3.00             | -0.67 ± " in text
    assert "* first: a processor AVX512; commit 1234567\n* second: a processor AVX2; commit 1234567\n" in text
    assert "contradict each other, in 3 of these 3;" in text
    assert text.count("*turned*") == 3


def test_a_verdict_that_is_not_resolved_contradicts_none(twice):
    first = tables(FIRST | {"b": (0.80, 0.95, 0.99)})
    text = processor_page.text(processor.methods(*twice), processor.verdicts(first, twice[1]))
    assert "1 of 1 primary pairs, 1 of 2 other comparisons, 1 of 1 claims" in text
    assert "contradict each other, in 0 of these 3;" in text


def test_verdicts_on_energy_are_counted_apart_and_shown_if_they_turn(written):
    methods, verdicts = written
    energy = verdicts[verdicts.about.isin(["a - ann", "b - ann"])].assign(column="energy_nj")
    text = processor_page.text(methods, pd.concat([verdicts, energy], ignore_index=True))
    assert "turned: 1 of 1 primary pairs, 1 of 2 other comparisons, 1 of 1 claims.\nVerdicts on operations" in text
    assert "energy and ratios that turned: 1 of 2." in text
    assert [line.split(" | ")[0] for line in text.splitlines() if "energy_nj" in line] == ["| b - ann              "]


def test_methods_whose_mean_change_is_beyond_its_interval_are_not_counted_as_equal(written):
    assert "for 2 of 3 methods: the interval" in processor_page.text(*written)


def test_equal_tables_differ_in_nothing():
    found = processor.methods(tables(FIRST), tables(FIRST))
    assert found.differ.sum() == found.largest.sum() == found.sd_change.sum() == 0
    turned = processor.verdicts(tables(FIRST), tables(FIRST))
    assert (turned.verdict_first == turned.verdict_second).all()


def test_a_side_on_chips_is_named_with_its_condition():
    sides = {"left": "a", "left_on": "calibrated mismatch highest", "right": "a", "right_on": "clean"}
    assert processor.about(sides) == "a calibrated mismatch highest - a"


def stamped(folder, digest, content="1"):
    """A folder with one file and its stamp."""
    files.write(folder / "runs.csv", content)
    files.write_json(folder / f"{digest}.stamp", {"runs.csv": files.sha256(folder / "runs.csv")})
    return folder


def test_tables_of_other_code_or_of_another_experiment_are_refused(tmp_path):
    first = stamped(tmp_path / "1" / "digits", "0123456789ab")
    other = stamped(tmp_path / "2" / "digits", "ab0123456789")
    with pytest.raises(InputError, match=str(other)):
        processor.read(first, other)
    other = stamped(tmp_path / "2" / "smoke", "0123456789ab")
    with pytest.raises(InputError, match=str(other)):
        processor.read(first, other)


def test_altered_tables_and_a_folder_without_tables_are_refused(tmp_path):
    first = stamped(tmp_path / "1" / "digits", "0123456789ab")
    (tmp_path / "2").mkdir()
    with pytest.raises(InputError, match=str(tmp_path / "2")):
        processor.read(first, tmp_path / "2")
    files.write(first / "runs.csv", "2")
    with pytest.raises(InputError, match=r"runs\.csv"):
        processor.read(first, first)


def test_the_page_on_record_is_made_of_the_tables_on_record():
    expected = processor_page.text(*processor.on_record(ROOT / FOLDER))
    assert (ROOT / processor_page.PAGE).read_text() == expected, "run .venv/bin/python -m benchmarks.processor"
