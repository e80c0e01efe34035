"""Snakemake ends with its jobs when that is requested, and tells how to continue."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from snn.cli import reproduce
from snn.cli.main import main
from tests.refusals import refused

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
rule all:
    output:
        "done",
    shell:
        "echo $$ > pid; exec sleep 1000"
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
pytestmark = pytest.mark.workflow


def start(tmp_path: Path, snakefile: str) -> subprocess.Popen:
    (tmp_path / "Snakefile").write_text(snakefile)
    command = [sys.executable, "-m", "snn", "reproduce", "--cores", "1", "--verbose"]
    given = ["--directory", tmp_path, "--workflow-profile", "none", "--snakefile", tmp_path / "Snakefile"]
    whole = [*command, "--", *given]
    return subprocess.Popen(whole, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=listen)


def listen() -> None:
    """Take the signals as a terminal gives them, even where the tests run under nohup."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    "number", [pytest.param(one, marks=pytest.mark.long) if one == signal.SIGHUP else one for one in SIGNALS], ids=str
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_signal_ends_the_workflow_with_its_jobs_and_its_lock(tmp_path, number):
    process, pid = start(tmp_path, SNAKEFILE), tmp_path / "pid"
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert process.poll() is None, process.stderr.read()
        os.sched_yield()
    process.send_signal(number)
    error = process.communicate()[1]
    assert process.returncode == 128 + number
    assert error.splitlines()[-1].startswith(f"error: workflow: ended by {number.name}; ")
    assert not alive(int(pid.read_text()))
    assert not any(tmp_path.glob(".snakemake/locks/*"))


def test_the_status_of_a_workflow_is_passed_on(tmp_path):
    process = start(tmp_path, SNAKEFILE.replace("echo $$ > pid; exec sleep 1000", "exit 3"))
    process.communicate()
    assert process.returncode == 1


@pytest.mark.parametrize(("name", "facts"), [("smok", ["smoke"]), ("#c", []), ("..", []), ("x y", [])])
def test_an_experiment_that_is_none_is_refused_before_a_workflow_starts(monkeypatch, name, facts):
    monkeypatch.setattr(reproduce, "_run", None)
    with refused(f"experiment '{name}'", *facts):
        reproduce.reproduce(name, "1", "", None, None, False, ())


def command(monkeypatch, *arguments: str) -> list[str]:
    """What the command reproduce would run."""
    ran = []
    monkeypatch.setattr(reproduce, "_run", lambda given, _: ran.extend(given) or 1)
    assert main(["reproduce", *arguments]) == 1
    return ran


def test_what_stands_behind_two_dashes_is_for_snakemake_whatever_stands_before(monkeypatch):
    for named in (["smoke"], ["--experiment", "smoke"], ["--experiment", "smoke", "--cores", "1"]):
        ran = command(
            monkeypatch, *named, "--", "-n", "-C", "pack_minutes=5", "--forceall", "--config", "jobs_per_gpu=2"
        )
        assert ran.count("--config") == 1  # Snakemake reads the last one alone
        assert ran[ran.index("--config") + 1 :] == ["experiment=smoke", "pack_minutes=5", "jobs_per_gpu=2"]
        assert {"-n", "--forceall"} < set(ran)


def test_settings_that_name_another_experiment_are_refused(capsys):
    assert main(["reproduce", "smoke", "--", "--config", "experiment=digits"]) == 2
    assert capsys.readouterr().err.startswith("error: --config experiment: ")
