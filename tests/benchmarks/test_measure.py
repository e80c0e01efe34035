"""Interleaved rounds, their ratios, what stops a run: with numbers made by hand and a clock that only calls move."""

import math
import sys

import pytest

from benchmarks import __main__ as everything
from benchmarks import measure
from benchmarks.measure import Candidate, Equality, Ratio, Table
from snn.core.errors import InputError


class Clock:
    """Moves by the seconds of each call, and notes the order of calls."""

    def __init__(self):
        self.now, self.called = 0.0, []

    def __call__(self):
        return self.now

    def candidate(self, name, *seconds):
        left = iter(seconds)

        def do():
            self.called.append(name)
            self.now += next(left)

        return do


def test_a_ratio_is_taken_round_by_round_before_the_median():
    values = {"ours": [2.0, 30.0, 1.0], "peer": [4.0, 30.0, 3.0]}
    assert measure.ratios(values, "ours") == {"ours": Ratio(1, 1, 1, 3), "peer": Ratio(2, 1, 3, 3)}


def test_a_load_that_slows_a_whole_round_changes_no_ratio():
    quiet, loaded = {"a": [1.0, 1.0], "b": [3.0, 3.0]}, {"a": [1.0, 8.0], "b": [3.0, 24.0]}
    assert measure.ratios(quiet, "a") == measure.ratios(loaded, "a")


def test_candidates_are_called_once_before_and_then_in_rounds_whose_first_rotates():
    clock = Clock()
    candidates = {name: clock.candidate(name, *[1.0] * 4) for name in "abc"}
    seconds = measure.interleaved(candidates, 3, clock)
    assert "".join(clock.called) == "abc" + "abc" + "bca" + "cab"
    assert seconds == {name: [1.0] * 3 for name in "abc"}


def test_first_calls_are_not_measured():
    clock = Clock()
    assert measure.interleaved({"a": clock.candidate("a", 100.0, 1.0, 2.0)}, 2, clock) == {"a": [1.0, 2.0]}


def test_a_fast_candidate_is_called_so_often_that_its_time_is_long_enough_and_a_slow_one_once():
    clock, short = Clock(), 1 / 256  # adds up without rounding
    calls = math.ceil(measure.SHORTEST / short)
    candidates = {"fast": clock.candidate("f", *[short] * (2 + calls)), "slow": clock.candidate("s", *[1.0] * 2)}
    seconds = measure.interleaved(candidates, 1, clock)
    assert "".join(clock.called) == "ff" + "s" + "f" * calls + "s"
    assert seconds == {"fast": [short], "slow": [1.0]}


def test_a_candidate_with_the_same_model_and_another_result_stops_the_run_before_any_time():
    wrong = Candidate(pytest.fail, Equality(1, "of 10 spikes differ"))
    with pytest.raises(InputError, match="peer"):
        list(Table("neuron", "a case", 4, "peer", {"peer": wrong}, {}).rows(1))


@pytest.mark.parametrize("gradient", [None, 1e-7])
def test_a_difference_within_the_tolerance_does_not(gradient):
    Equality(1e-7, "relative difference of the loss", gradient).check("peer")


def test_nor_does_one_of_another_model_which_is_on_record_instead():
    clock = Clock()
    candidates = {
        "ours": Candidate(clock.candidate("o", 1.0, 1.0)),
        "peer": Candidate(clock.candidate("p", 1.0, 3.0), Equality(0.5, "relative difference", 0.25), "other reset"),
    }
    _, row = Table("step", "STBP", 4, "ours", candidates, {}).rows(1, clock)
    assert (row.candidate, row.ratio, row.value, row.unit) == ("peer", 3.0, 3000.0, "ms")
    assert (row.equality, row.gradient, row.model) == (0.5, 0.25, "other reset")


def test_an_absent_candidate_is_a_row_with_its_reason_and_without_a_number():
    clock = Clock()
    candidates = {"ours": Candidate(clock.candidate("o", 1.0, 1.0))}
    *_, row = Table("step", "STBP", 4, "ours", candidates, {"norse": "it is not installed"}).rows(1, clock)
    assert (row.candidate, row.ratio, row.value) == ("norse", None, None)
    assert row.note == "not run here: it is not installed"


def test_a_table_whose_candidates_are_all_absent_measures_nothing():
    (row,) = Table("inference", "NeuroBench", 4, "hooks", {}, {"hooks": "it is not installed"}).rows(1)
    assert row.ratio is None


@pytest.mark.parametrize("rounds", ["0", "-1", "abc", "1.5"])
def test_nonsense_for_rounds_is_refused_in_one_line_before_anything_runs(rounds, monkeypatch, capsys):
    monkeypatch.setattr(everything.subprocess, "run", None)
    monkeypatch.setattr(sys, "argv", ["benchmarks", f"--rounds={rounds}"])
    with pytest.raises(SystemExit) as ended:
        everything.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert f"{rounds} is no number of rounds" in error
    assert error.count("\n") == 1
