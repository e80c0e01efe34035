"""The command versus compares two rules, in every set of tables that has both, as reports and `recommend` do."""

import pandas as pd
import pytest

from snn.cli.sets import Tables
from snn.cli.versus import Question, comparisons
from snn.pipeline import record
from snn.report import collected
from snn.report.place import Place
from tests.cli.test_compare import put
from tests.cli.test_compare import run as command
from tests.report.test_recommend import BAD, GOOD, SAME, chips
from tests.rows import row

CLEAN = Place(None, 0.0)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with tables of `digits`, on record there; its digests are not asked for."""
    monkeypatch.chdir(tmp_path)
    clean = [row(m, s, test=v) for m, values in (("tet", GOOD), ("stbp", BAD)) for s, v in enumerate(values)]
    put(
        tmp_path, "c" * 40, *clean, *chips("tet", *SAME), *chips("stbp", *GOOD, calibrator="bptt"), *chips("stbp", *BAD)
    )
    monkeypatch.setattr(record, "names", lambda: ["digits"])
    return tmp_path


def run(capsys, *arguments: str, status: int = 0) -> str:
    return command(capsys, "versus", *arguments, status=status)


def test_two_rules_are_compared_with_their_means_and_the_difference_has_the_sign_of_the_order(here, capsys):
    told = run(capsys, "tet", "stbp")
    assert told.startswith("tet minus stbp, clean networks:\n  d: tet is better (digits)\n")
    (line,) = (line for line in told.splitlines() if line.startswith("digits "))
    assert "8,000" in line
    assert "91.0 %" in line
    assert "71.0 %" in line
    assert "+20.0 (" in line
    told = run(capsys, "stbp", "tet")
    assert told.startswith("stbp minus tet, clean networks:\n  d: tet is better (digits)\n")
    assert " -20.0 (" in told


def test_on_chips_the_better_calibrator_of_a_rule_stands_for_it(here, capsys):
    told = run(capsys, "tet", "stbp", "--noise", "mismatch", "--level", "0.2")
    assert "90.3 %" in told
    assert "91.0 %" in told
    assert "mismatch at level 0.2, calibrated:\n  d: not resolved (digits)\n" in told


def test_a_set_with_the_same_networks_is_told_and_not_counted(here, capsys, monkeypatch):
    folder = here / "results/tables"
    put(here / "other", "c" * 40, *(row(m, s, test=v) for m in ("tet", "stbp") for s, v in enumerate(GOOD)))
    (here / "other/results/tables/digits").rename(folder / "hardware_digits")
    monkeypatch.setattr(record, "names", lambda: ["digits", "hardware_digits"])
    told = run(capsys, "tet", "stbp")
    assert "(digits)\n" in told.split("\n\n")[0] + "\n"
    (line,) = (line for line in told.splitlines() if line.startswith("hardware_digits "))
    assert line.endswith(" digits")
    assert "(hardware_digits)\n" in run(capsys, "tet", "stbp", "--experiment", "hardware_digits")


def test_settings_and_norms_of_a_set_are_those_of_its_parameters(here, capsys):
    (line,) = (line for line in run(capsys, "tet", "stbp").splitlines() if line.startswith("digits "))
    assert "own settings" in line
    assert "batch norm  " in line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("tet", "stpb"), "stpb: is in no set of tables; the nearest is 'stbp'"),
        (("tet", "tet"), "tet is given twice"),
        (("tet", "stbp", "--steps", "5"), "are in no set of tables together (clean networks, T = 5)"),
        (("tet", "stbp", "--noise", "mismatch"), "--noise: is given without --level"),
        (("tet", "stbp", "--experiment", "digit"), "the nearest is 'digits'"),
    ],
)
def test_what_cannot_be_compared_is_named_in_a_line(here, capsys, arguments, line):
    told = run(capsys, *arguments, status=2)
    assert line in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("experiment", ["matched_fashion", "digits_residual", "nmnist-1000-100_quick"])
def test_differences_intervals_and_verdicts_are_those_of_the_report(experiment):
    tables = Tables(record.TablesOnRecord(experiment))
    told = collected.read(tables.found.report / "comparisons.csv")
    clean = told[(told.column == "value_test") & (told.left_on == "clean") & (told.right_on == "clean")]
    compared = 0
    for one in clean.itertuples():
        for mine in comparisons(Question(one.left, one.right, CLEAN), [tables]):
            compared += 1
            assert 100 * mine.found.behind == pytest.approx(one.difference, abs=1e-6)
            assert (100 * mine.found.behind_low, 100 * mine.found.behind_high) == pytest.approx((one.low, one.high))
            assert mine.named == (round(0.05 / one.level) if one.family == "primary" else 0)
            if pd.notna(one.better):
                assert mine.verdict == one.verdict
    assert compared


def test_a_level_that_was_not_run_is_answered_with_those_that_were(capsys):
    told = command(capsys, "versus", "tet", "stbp", "--noise", "mismatch", "--level", "0.3", status=2)
    assert "choose a level of 0, 0.2, 0.4, 0.6, and T of " in told
    told = command(capsys, "trace", "hardware", "tet", "--noise", "mismatch", "--level", "0.3", status=2)
    assert "was not evaluated so in hardware; choose a level of 0, 0.2, 0.4, and T of " in told
