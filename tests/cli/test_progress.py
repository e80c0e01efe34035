"""A line per job, and how long the rest will take."""

import logging
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.cli import estimate, outcome, progress
from snn.core.paths import ROOT
from snn.pipeline.failures import WHILE
from snn.pipeline.plan import Plan

FRAMES = (("snn/training/loop.py", 80), ("snn/rules/own.py", 12), ("snn/model/network.py", 7))


def record(event: str, number: int, at: float, level: int = logging.INFO, **fields: object) -> logging.LogRecord:
    """What Snakemake logs about a job, at a time."""
    numbers = {"jobid": number, "job_id": number}
    return logging.makeLogRecord({"event": event, "levelno": level, "created": at, **numbers, **fields})


def work(name: str, log=None, seconds: float | None = 10.0) -> progress.Work:
    return progress.Work(name, None, log, seconds)


@pytest.fixture
def handler(monkeypatch):
    monkeypatch.setattr(progress, "_active", None)
    made = progress.LogHandler(None, None)
    yield made
    made.close()


def test_a_job_that_ends_gets_one_line_with_its_time_and_the_time_left(handler, capsys):
    handler.follow(progress.Course({1: work("train tet s0"), 2: work("train tet s1"), 3: work("collect")}, cores=1))
    for event, number, at in (("job_info", 1, 0.0), ("job_info", 9, 1.0), ("job_finished", 9, 2.0)):
        handler.emit(record(event, number, at))  # number 9, `rule all`, has no result
    handler.emit(record("job_finished", 1, 20.0))  # twice as long as expected, and so are the others
    assert capsys.readouterr().err == "[1/3] train tet s0  20.0 s  0:40 left\n"


def test_the_last_line_promises_nothing(handler, capsys):
    handler.follow(progress.Course({1: work("page")}, cores=4))
    handler.emit(record("job_info", 1, 0.0))
    handler.emit(record("job_finished", 1, 3.0))
    assert capsys.readouterr().err == "[1/1] page  3.0 s\n"


def told(message: str, level: int = logging.ERROR) -> logging.LogRecord:
    """A message of Snakemake that is about no job."""
    return logging.makeLogRecord({"levelno": level, "msg": message})


COMMAND = "RuleException:\nCalledProcessError in file train.smk, line 26:\nCommand 'set -euo pipefail; exec x'"


def fail(handler, log, text: str) -> None:
    """A job starts, writes this into its log, and fails; Snakemake first tells its command."""
    log.write_text(text)
    handler.follow(progress.Course({7: work("train tet s0", log)}, cores=1))
    handler.emit(record("job_info", 7, 0.0))
    handler.emit(told(COMMAND))
    handler.emit(record("job_error", 7, 1.0, logging.ERROR))


def test_a_job_that_fails_gets_the_last_line_of_its_log(handler, capsys, tmp_path):
    log = tmp_path / "train.log"
    fail(handler, log, "epoch 1/2  loss 1.0\nerror: disk: is full; free some disk space\n")
    handler.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("[1/1] train tet s0 failed: error: disk: is full; free some disk space")
    assert str(log) in line


@pytest.mark.parametrize("of_a_job", [False, True], ids=["before a job", "of a job without a line"])
def test_a_command_that_failed_is_shown_in_the_words_of_snakemake_where_no_line_tells_it(handler, capsys, of_a_job):
    handler.emit(told(COMMAND))
    if of_a_job:
        handler.emit(record("job_error", 3, 1.0, logging.ERROR))
    handler.close()
    assert capsys.readouterr().err == f"{COMMAND}\n"


@pytest.mark.parametrize("failed", [1, 2, progress.MOST + 3])
def test_several_failures_are_listed_with_their_number_at_the_end(handler, capsys, tmp_path, failed):
    works = {}
    for number in range(failed + 1):
        log = tmp_path / f"{number}.log"
        log.write_text("error: keyboard: interrupted; the same command\n" if number == failed else "error: a: b; c\n")
        works[number] = work(f"train tet s{number}", log)
    handler.follow(progress.Course(works, cores=1))
    for number in works:
        handler.emit(record("job_info", number, 0.0))
        handler.emit(record("job_error", number, 1.0, logging.ERROR))
    capsys.readouterr()
    handler.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == {1: 0, 2: 3, progress.MOST + 3: progress.MOST + 2}[failed]
    if lines:
        assert lines[0] == f"{failed} jobs failed:"
        assert lines[1] == f"  train tet s0 failed: error: a: b; c (its log: {tmp_path / '0.log'})"


def test_a_job_that_fails_with_an_exception_names_the_line_of_the_rule(handler, capsys, tmp_path):
    frames = "".join(f'  File "{ROOT}/{path}", line {line}, in step\n' for path, line in FRAMES)
    last = "AttributeError: 'Batch' has no 'labels'"
    fail(handler, tmp_path / "train.log", f"Traceback (most recent call last):\n{frames}{last}\n")
    handler.emit(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "RuleException:\nCalledProcessError in file"}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"[1/1] train tet s0 failed: snn/rules/own.py:12: {last} (its log: ")


def test_an_exception_with_a_note_on_its_loss_is_shown_with_both(handler, capsys, tmp_path):
    last, note = "RuntimeError: out of memory", f"{WHILE}snn/rules/own.py yielded"
    frame = f'  File "{ROOT}/snn/training/loop.py", line 80, in step'
    fail(handler, tmp_path / "train.log", f"Traceback (most recent call last):\n{frame}\n{last}\n{note}\n")
    assert f" failed: snn/training/loop.py:80: {last}, {note} (its log: " in capsys.readouterr().err


def test_a_job_that_was_interrupted_has_not_failed(handler, capsys, tmp_path):
    fail(handler, tmp_path / "train.log", "epoch 1/2  loss 1.0\nerror: keyboard: interrupted; the same command\n")
    assert capsys.readouterr().err == "[1/1] train tet s0 was interrupted\n"


def test_messages_of_snakemake_are_silent_and_its_errors_are_not(handler, capsys):
    for level, message in ((logging.INFO, "Building DAG of jobs..."), (logging.ERROR, "the folder is locked")):
        handler.emit(logging.makeLogRecord({"levelno": level, "msg": message}))
    assert capsys.readouterr().err == "the folder is locked\n"


def test_warnings_of_jobs_are_listed_at_the_end_for_as_many_jobs_as_one_can_read(handler, capsys, tmp_path):
    works = {}
    for number in range(progress.MOST + 3):
        log = tmp_path / f"{number}.log"
        log.write_text(f"epoch 1/1\nwarning: layer {number} is silent\nwarning: another\n")
        works[number] = work(f"train tet s{number}", log)
    handler.follow(progress.Course(works, cores=1))
    for number in works:
        handler.emit(record("job_info", number, 0.0))
        handler.emit(record("job_finished", number, 1.0))
    capsys.readouterr()
    handler.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == progress.MOST + 2
    assert lines[1].startswith("  train tet s0: layer 0 is silent; 1 more in ")
    assert "3 more jobs" in lines[-1]


@given(st.lists(st.floats(0.1, 1000), min_size=2, max_size=20), st.integers(1, 8), st.floats(0.1, 10))
def test_the_time_left_is_the_expected_time_of_the_rest_times_how_wrong_it_was(expected, cores, factor):
    course = progress.Course({i: work(str(i), seconds=seconds) for i, seconds in enumerate(expected)}, cores)
    course.start(0, 0.0)
    course.end(0, factor * expected[0])
    rest = factor * sum(expected[1:]) / min(cores, len(expected) - 1)
    assert course.left(factor * expected[0]) == pytest.approx(rest)


def test_a_terminal_shows_how_far_jobs_are_as_their_logs_tell(tmp_path):
    log = tmp_path / "log"
    assert work("a", log).last() == ""
    log.write_text("x" * 2 * progress.TAIL + "\nepoch 3/20  loss 0.5\n")
    assert work("a", log).last() == "epoch 3/20  loss 0.5"


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (99.6, "1:40"), (3599.9, "1:00:00"), (7325, "2:02:05")])
def test_times_are_shown_as_on_a_clock(seconds, shown):
    assert estimate.clock(seconds) == shown


def test_costs_on_record_are_those_of_the_same_job_then_of_its_method_and_network(monkeypatch, tmp_path):
    table = tmp_path / "results/tables/any"
    table.mkdir(parents=True)
    plan = Plan("smoke")
    tet = next(run for run in plan.runs if run.method_name == "tet")
    row = "results/runs/digits/digits_cnn/{}/T4/s0-{},{},cpu,100\n"
    (table / "costs.csv").write_text(
        "path,cpu_seconds,device,seconds\n" + row.format("tet", "a" * 12, 40) + row.format("other", "b" * 12, 7)
    )
    (table / "epochs.csv").write_text(
        "dataset,network,method,epoch\ndigits,digits_cnn,tet,1\ndigits,digits_cnn,tet,20\n"
    )
    monkeypatch.chdir(tmp_path)
    costs = estimate.Costs(start=0.5)
    assert costs.seconds(tet) == 0.5 + 40 / 20  # of one epoch, which is all that smoke trains
    stbp = next(run for run in plan.runs if run.method_name == "stbp")
    assert costs.seconds(stbp) == 0.5 + (40 / 20 + 7) / 2
    assert costs.seconds(plan.calibrations[0]) is None
    (table / "costs.csv").write_bytes(b"path\xff\n\xfe")
    assert estimate.Costs().seconds(tet) is None


def test_an_estimate_holds_the_start_of_jobs_and_those_without_a_record_and_runs_alone_share_cores(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    plan, costs = Plan("smoke"), estimate.Costs()
    last = [plan.collect, plan.report, plan.page]
    assert costs.whole(last, 8) == estimate.HEAD + sum(map(costs.seconds, last))
    assert costs.whole([plan.data, *last], 1) - costs.whole(last, 1) == costs.seconds(plan.data) > estimate.COLD
    before = tmp_path / plan.data.place.replace("*", "0" * 12) / "provenance.json"
    before.parent.mkdir(parents=True)
    before.write_text('{"cost": {"cpu_seconds": 70}}')
    assert costs.seconds(plan.data) == estimate.COLD + 70
    table = tmp_path / "results/tables/any/costs.csv"
    table.parent.mkdir(parents=True)
    table.write_text(f"path,cpu_seconds,device,seconds\n{plan.runs[0].folder},30,cpu,100\n")
    one, four = (estimate.Costs().whole(plan.runs[:1], cores) for cores in (1, 4))
    assert one - four == 0.75 * (estimate.COLD + 30)


def test_every_job_of_every_stage_has_a_name_of_its_own():
    jobs = list(Plan("smoke").jobs.values())
    assert len({outcome.label(job) for job in jobs}) == len(jobs)
    assert all(outcome.result(job) == "" for job in jobs if not job.proof.exists())


def test_a_signal_reaches_all_processes_of_the_workflow():
    code = "import sys; from snn.cli import reproduce; sys.exit(reproduce._run(sys.argv[1:], {}))"
    command = [sys.executable, "-c", code, "/bin/sh", "-c", "/bin/sleep 600 & echo ready; wait"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.read() == b""  # the end of the last process that could write
        assert process.wait() == 128 + signal.SIGTERM
