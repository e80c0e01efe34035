"""Slurm without Slurm: what is made of its answers, in the words of sites with and without accounts."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from snn.cluster import states, submissions
from snn.cluster.states import Phase, Silent, State
from snn.core.lazy import lazy
from snn.core.paths import ROOT
from snn.pipeline.plan import Plan

slurm = lazy("snn.cluster.slurm")  # imports Snakemake
pytestmark = pytest.mark.slow


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """Programs that print what is given for them; a status other than 0 with a text on standard error."""

    def answer(**texts: str | int) -> None:
        for name, text in texts.items():
            script = f"cat <<'END'\n{text}\nEND" if isinstance(text, str) else f"echo no daemon >&2; exit {text}"
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return answer


def test_what_squeue_has_forgotten_is_asked_of_the_accounts(answers):
    answers(squeue="7|RUNNING|None|a1\n9|PENDING|Priority|", sacct="8|CANCELLED by 1000|None|a2\n10|COMPLETED|None|a3")
    found = states.states(["7", "8", "9", "10"])
    assert {job: state.phase for job, state in found.items()} == {
        "7": Phase.RUNS,
        "8": Phase.FAILED,
        "9": Phase.WAITS,
        "10": Phase.DONE,
    }
    assert found["8"] == State("CANCELLED", "None", "a2")


def test_without_accounts_a_forgotten_job_has_no_state(answers):
    answers(squeue="7|COMPLETED|None|a1", sacct=1)
    assert states.states(["7", "8"]) == {"7": State("COMPLETED", "None", "a1")}


def test_a_silent_controller_is_told_apart_from_a_forgotten_job(answers):
    answers(squeue=1)
    with pytest.raises(Silent, match="no daemon"):
        states.states(["7"])


@pytest.mark.parametrize(
    "name",
    ["CANCELLED+", "CANCELLED by 0", "TIMEOUT", "OUT_OF_MEMORY", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "FAILED"],
)
def test_every_way_to_fail_is_one(answers, name):
    answers(squeue=f"7|{name}|None|a1")
    assert states.states(["7"])["7"].phase is Phase.FAILED


@pytest.mark.parametrize("name", ["RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "REQUEUED"])
def test_a_job_that_has_not_ended_has_not_failed(answers, name):
    answers(squeue=f"7|{name}|None|a1")
    assert states.states(["7"])["7"].phase is Phase.RUNS


def test_only_jobs_of_snakemake_in_this_folder_are_left_behind(answers):
    rows = ("1|mine|rule_train|/here", "2|other folder|rule_train|/there", "3|by hand||/here", "4|a|b|rule_x|/here")
    answers(squeue="\n".join(rows))
    assert states.left_in("/here") == {"1": "mine"}


class Told:
    """An executor that notes what it reports; it submits nothing."""

    def __new__(cls, plan: Plan):
        class Noting(slurm.Executor):
            def __init__(self):
                self._folder, self._missed, self._failed_nodes = "/here", {}, set()
                self._places = {folder: i for i, folder in enumerate(plan.jobs)}
                self.plan, self.done, self.failed, self.lines = plan, [], [], []
                self.logger = SimpleNamespace(warning=self.lines.append)
                self.workflow = SimpleNamespace(executor_settings=SimpleNamespace(keep_successful_logs=True))

            def report_job_success(self, info):
                self.done.append(info.external_jobid)

            def report_job_error(self, info, msg, aux_logs):
                self.failed.append((info.external_jobid, msg))

        return Noting()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan("smoke")


def submitted(plan: Plan, *jobs) -> SimpleNamespace:
    """What the executor knows of a submission of jobs."""
    ones = [SimpleNamespace(output=list(job.outputs)) for job in jobs]
    group = SimpleNamespace(jobs=ones, is_group=lambda: True, attempt=1, restart_times=2)
    return SimpleNamespace(external_jobid="7", job=group, aux={"slurm_logfile": Path("7.log")})


def check(executor, info) -> list:
    async def collect():
        return [one async for one in executor.check_active_jobs([info])]

    return asyncio.run(collect())


@pytest.fixture
def info(plan, tmp_path, monkeypatch) -> SimpleNamespace:
    monkeypatch.chdir(tmp_path)
    return submitted(plan, plan.runs[1], plan.runs[2])


def test_a_name_tells_experiment_method_seed_stage_and_how_many_follow(plan, info):
    one = submitted(plan, plan.data)
    assert Told(plan).name_of(info.job) == "smoke-stbp-s0-train+1"
    assert Told(plan).name_of(one.job) == "smoke-prepare"


def test_a_job_that_runs_is_asked_about_again(plan, info, answers):
    answers(squeue="7|RUNNING|None|a1")
    assert check(Told(plan), info) == [info]


def test_a_cancelled_job_is_reported_with_its_name_and_node(plan, info, answers):
    executor = Told(plan)
    answers(squeue="", sacct="7|CANCELLED by 0|None|a1")
    assert check(executor, info) == []
    ((job, line),) = executor.failed
    assert job == "7"
    assert {"smoke-stbp-s0-train+1:", "CANCELLED", "a1;", "7.log"} <= set(line.split())


@pytest.mark.parametrize("complete", [True, False])
def test_a_job_that_slurm_has_forgotten_is_known_by_its_results(plan, info, answers, complete):
    executor = Told(plan)
    answers(squeue="", sacct=1)
    for run in plan.runs[1:3] if complete else plan.runs[1:2]:
        run.proof.parent.mkdir(parents=True)
        run.proof.touch()
    for _ in range(slurm.FORGOTTEN - 1):
        assert check(executor, info) == [info]
    assert check(executor, info) == []
    assert (executor.done == ["7"]) == complete == (not executor.failed)


def test_silence_is_told_once_and_no_job_is_given_up(plan, info, answers):
    executor = Told(plan)
    answers(squeue=1)
    for _ in range(2 * slurm.FORGOTTEN):
        assert check(executor, info) == [info]
    answers(squeue="7|RUNNING|None|a1")
    check(executor, info)
    assert len(executor.lines) == 2


def test_an_unusual_reason_to_wait_is_told_once_and_a_usual_one_is_not(plan, info, answers):
    executor = Told(plan)
    for reason in ("Priority", "PartitionConfig", "PartitionConfig"):
        answers(squeue=f"7|PENDING|{reason}|")
        check(executor, info)
    (line,) = executor.lines
    assert "PartitionConfig (1)" in line


@pytest.mark.parametrize(
    ("log", "last"),
    [
        ("epoch 1\nerror: x: is damaged; remove it\n", True),
        (f"error: x: {'stopped on request'} after epoch 3; run\n", False),
        ("Killed", False),
    ],
)
def test_what_was_refused_is_not_tried_again(plan, info, answers, log, last):
    path = plan.runs[1].log
    path.parent.mkdir(parents=True)
    path.write_text(log)
    executor = Told(plan)
    answers(squeue="7|FAILED|NonZeroExitCode|a1")
    check(executor, info)
    assert (info.job.attempt > info.job.restart_times) == last
    assert ("is damaged" in executor.failed[0][1]) == last


def test_the_line_of_a_stopped_training_is_the_one_that_is_looked_for():
    assert slurm.STOPPED in (ROOT / "snn/training/loop.py").read_text()


def test_a_failed_node_is_left_out_unless_it_is_the_only_one(plan, info, answers):
    for nodes, left_out in (("a1\na2", {"a1"}), ("a1", set())):
        executor = Told(plan)
        answers(squeue="7|NODE_FAIL|NodeDown|a1", scontrol="a1", sinfo=nodes)
        check(executor, info)
        assert executor._failed_nodes == left_out


def test_a_start_waits_until_what_was_left_behind_has_ended(plan, answers, monkeypatch):
    executor, waits = Told(plan), []
    answers(squeue="7|mine|rule_train|/here", scancel="")

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            answers(squeue="")

    monkeypatch.setattr("snn.cluster.slurm.time", SimpleNamespace(sleep=sleep))
    executor._cancel_left_behind()
    assert len(waits) == 2
    assert "mine" in executor.lines[0]


class Pattern(str):
    """A pattern of an output, as Snakemake keeps it."""

    def apply_wildcards(self, wildcards: dict[str, str]) -> str:
        return self.format(**wildcards)


@pytest.fixture
def workflow() -> SimpleNamespace:
    rules = {"train": SimpleNamespace(output=[Pattern("{run}/a"), Pattern("{run}/b")])}
    return SimpleNamespace(remote_exec=True, get_rule=rules.get)


COMMAND = ("python", "-m", "snakemake", "--target-jobs", "train:run=one", "train:run=two", "--force")


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()


def test_a_submission_starts_again_without_what_is_done(workflow, monkeypatch, tmp_path):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda program, arguments: started.append(arguments))
    monkeypatch.setattr("sys.orig_argv", list(COMMAND))
    make("one/a", "one/b", "two/a")
    submissions.left_here(workflow)
    assert started == [[*COMMAND[:4], "train:run=two", "--force"]]


@pytest.mark.parametrize(("remote", "more", "left"), [(True, (), 2), (True, ("--executor", "x"), 0), (False, (), 0)])
def test_jobs_are_counted_where_they_are_done(workflow, monkeypatch, tmp_path, remote, more, left):
    workflow.remote_exec = remote
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.orig_argv", [*COMMAND, *more])
    assert len(submissions.left_here(workflow)) == left
