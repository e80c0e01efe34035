"""Files of a plan that are dated in the future get the present time; no other file is touched."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from snn.core import files
from snn.pipeline import clocks

YEAR = 365 * 86400


@pytest.fixture
def plan(tmp_path) -> SimpleNamespace:
    """A job with an input that is dated in the future, an output of the past, and an output that is not there."""
    job = SimpleNamespace(
        inputs=[dated(tmp_path / "input", YEAR)], outputs=[dated(tmp_path / "output", -YEAR), tmp_path / "none"]
    )
    return SimpleNamespace(jobs={tmp_path: job})


def dated(path: Path, seconds: float) -> Path:
    moment = time.time() + seconds
    os.utime(files.write(path, "a,b\n"), (moment, moment))
    return path


def workflow(dryrun: bool = False, head: bool = True) -> SimpleNamespace:
    return SimpleNamespace(is_main_process=head, output_settings=SimpleNamespace(dryrun=dryrun))


def ages(folder: Path) -> dict[str, float]:
    """Seconds since each file of a folder was changed, by its name."""
    return {path.name: time.time() - path.stat().st_mtime for path in folder.iterdir()}


def test_a_file_dated_in_the_future_gets_the_present_time_with_one_line(plan, tmp_path, capsys):
    clocks.date_back(plan, workflow(), None)
    assert 0 <= ages(tmp_path)["input"] < YEAR / 2
    assert capsys.readouterr().err.startswith("1 files were dated in the future")


def test_the_present_is_that_of_the_file_system_where_a_new_file_tells_it(plan, tmp_path):
    with dated(tmp_path / "record", -2 * YEAR).open() as record:
        clocks.date_back(plan, workflow(), record.fileno())
    assert abs(ages(tmp_path)["output"]) < YEAR / 2


def test_a_file_of_the_past_keeps_its_time(plan, tmp_path):
    clocks.date_back(plan, workflow(), None)
    assert ages(tmp_path)["output"] == pytest.approx(YEAR, abs=1000)


@pytest.mark.parametrize("who", [workflow(dryrun=True), workflow(head=False)], ids=["a dry run", "a job"])
def test_who_only_looks_or_works_leaves_times_alone(who, plan, tmp_path):
    clocks.date_back(plan, who, None)
    assert ages(tmp_path)["input"] < 0


def test_a_file_of_another_user_is_left_without_an_error(plan, tmp_path, monkeypatch):
    def refused(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "utime", refused)
    clocks.date_back(plan, workflow(), None)
    assert ages(tmp_path)["input"] < 0
