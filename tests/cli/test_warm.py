"""The warm parent of a workflow: what its children make, what it refuses, and what is left when somebody is killed.

Python writes what it imports to standard error here: a command that ran cold has imported `snn.cli.main`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from snn.cli.parent import THREADS
from snn.cli.warm import VARIABLE
from snn.core import files
from tests import trees

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems run every job cold"),
]

HEAD = """
import os, sys
from types import SimpleNamespace as Some
from snn.cli import parent
from snn.pipeline.plan import Plan
due = [Some(rule=Some(name="train"))] * parent.WORTH
workflow = Some(is_main_process=True, local_exec=True, touch=False, dag=Some(needrun_jobs=lambda: due))
parent.start(Plan("smoke"), workflow)
print(os.environ[parent.VARIABLE], flush=True)
sys.stdin.read()
"""
FOLDER = (
    "from snn.pipeline.plan import Plan; print(next(r.folder for r in Plan('smoke').runs if r.method_name == 'stbp'))"
)
ENVIRONMENT = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPROFILEIMPORTTIME": "1"}
STBP = "stbp: {training: {epochs: 6}}"
QUICK = ("list", "energy")


class Head:
    """A head of a workflow with its warm parent, which was asked for one command."""

    def __init__(self, tree: Path):
        self.tree, command = tree, [sys.executable, "-c", HEAD]
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(command, cwd=tree, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=null)
        self.environment = {**ENVIRONMENT, VARIABLE: self.process.stdout.readline().decode().strip()}
        assert not cold(self.run(*QUICK))
        (self.parent,) = children(self.process.pid)

    def start(self, *arguments: str) -> subprocess.Popen:
        command, pipe = [sys.executable, "-m", "snn", *arguments], subprocess.PIPE
        return subprocess.Popen(command, cwd=self.tree, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *arguments: str, before: str = "", **changes: object) -> subprocess.CompletedProcess:
        """A finished command, in a shell that first runs `before`."""
        command = ["bash", "-c", f'{before}\nexec "$@"', "bash", sys.executable, "-m", "snn", *arguments]
        given = {"cwd": self.tree, "env": self.environment, **changes}
        return subprocess.run(command, capture_output=True, text=True, check=False, **given)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        until(lambda: not alive(self.parent))


def cold(done: subprocess.CompletedProcess) -> bool:
    return " snn.cli.main\n" in done.stderr


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may still be listed, if nobody asks for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition) -> None:
    while not condition():
        time.sleep(0.01)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A tree with the data of `smoke`, and a training that takes a while."""
    tree = trees.plant(tmp_path_factory.mktemp("warm") / "a tree")
    path = tree / "params/experiments/smoke.yaml"
    text = path.read_text().replace("stbp: {training: {epochs: 1}}", STBP)
    path.write_text(f"{text}train_limit: 300\ntest_limit: 100\n")
    trees.compute(tree, "smoke", "train", "calibrate", "evaluate", "collect", "report")
    return tree


@pytest.fixture(scope="module")
def folder(tree) -> Path:
    return tree / trees.run(tree, "-c", FOLDER).stdout.strip()


@pytest.fixture(scope="module")
def train(tree, folder) -> tuple[str, ...]:
    """The command of the training."""
    return ("train", "--experiment", "smoke", str(folder.relative_to(tree)))


@pytest.fixture(scope="module")
def whole(tree, folder, train) -> tuple[dict[str, bytes], str, dict]:
    """The files of the training, its log and its provenance, as a cold job makes them."""
    done = trees.run(tree, "-m", "snn", *train)
    found = made(folder), done.stdout, json.loads((folder / "provenance.json").read_text())
    shutil.rmtree(folder)
    return found


@pytest.fixture(scope="module")
def shared(tree) -> Iterator[Head]:
    head = Head(tree)
    yield head
    head.end()


@pytest.fixture
def own(tree) -> Iterator[Head]:
    head = Head(tree)
    yield head
    head.end()


@pytest.fixture(autouse=True)
def no_result(folder) -> Iterator[None]:
    yield
    shutil.rmtree(folder, ignore_errors=True)


def made(folder: Path) -> dict[str, bytes]:
    """The files of a result that are equal whenever it is made."""
    names = files.kept_in(folder) - {"provenance.json", "sha256.json"}
    return {name: (folder / name).read_bytes() for name in names}


def running(head: Head, train: tuple[str, ...], folder: Path) -> tuple[subprocess.Popen, int]:
    """A training in its second epoch: its client and the child of the parent that does it."""
    client = head.start(*train)
    until(lambda: (folder / files.PROGRESS[0]).exists() or client.poll() is not None)
    assert client.poll() is None, client.communicate()
    (child,) = children(head.parent)
    return client, child


def test_a_warm_job_makes_the_same_bits_the_same_log_and_counts_its_own_cost(shared, train, folder, whole):
    done = shared.run(*train)
    assert not cold(done)
    bits, log, provenance = whole
    assert (made(folder), done.stdout) == (bits, log)
    found = json.loads((folder / "provenance.json").read_text())
    assert found["cost"]["start_cpu_seconds"] < provenance["cost"]["start_cpu_seconds"] / 2
    assert found["cost"]["peak_mb"] < 1.2 * provenance["cost"]["peak_mb"]
    assert {key for key in found if found[key] != provenance[key]} <= {"cost"}


def test_a_warm_command_refuses_like_a_cold_one(shared, tree, train):
    other = (*train[:-1], f"{train[-1][:-12]}{'0' * 12}")
    for arguments, status in ((other, 3), (("train",), 2), (("--help",), 0)):
        done, expected = shared.run(*arguments), trees.run(tree, "-m", "snn", *arguments, status=status)
        assert not cold(done)
        assert (done.returncode, done.stdout) == (status, expected.stdout)
        assert expected.stderr in done.stderr


@pytest.mark.parametrize("name", ["snn/rules/tet.py", "snn/core/paths.py", "params/methods/tet.yaml"])
def test_a_command_runs_cold_while_code_or_parameters_are_edited(shared, tree, name):
    before = (tree / name).read_text()
    (tree / name).write_text(f"{before}\n")
    assert cold(shared.run(*QUICK))
    (tree / name).write_text(before)
    assert not cold(shared.run(*QUICK))


def test_a_job_that_was_planned_before_an_edit_refuses(shared, tree, train):
    path = tree / "params/experiments/smoke.yaml"
    before = path.read_text()
    path.write_text(before.replace(STBP, STBP.replace("6", "7")))
    done = shared.run(*train)
    path.write_text(before)
    assert cold(done)
    assert done.returncode == 3


@pytest.mark.parametrize(
    "before", ["ulimit -v 64000000", "ulimit -n 512", "export ATEN_CPU_CAPABILITY=default", "umask 077", "trap '' INT"]
)
def test_a_command_in_other_circumstances_runs_cold(shared, before):
    assert cold(shared.run(*QUICK, before=before))
    assert not cold(shared.run(*QUICK, before="export TMPDIR=/elsewhere"))


def test_a_command_in_another_folder_runs_cold(shared, tree, tmp_path):
    shutil.copytree(tree / "snn", tmp_path / "snn")
    shutil.copytree(tree / "params", tmp_path / "params")
    assert cold(shared.run(*QUICK, cwd=tmp_path))


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 4), (signal.SIGUSR1, 4), (signal.SIGINT, 130)],
    ids=str,
)
def test_a_signal_to_a_command_ends_its_job_which_can_be_resumed(shared, train, folder, whole, number, status):
    client, child = running(shared, train, folder)
    client.send_signal(number)
    error = client.communicate()[1]
    assert client.returncode == status
    assert ("error: keyboard: " in error) == (number == signal.SIGINT)
    if number == signal.SIGKILL:
        until(lambda: not alive(child))
    assert not alive(child)
    again = shared.run(*train)
    assert not cold(again)
    assert "epoch 1/6 " not in again.stdout
    assert made(folder) == whole[0]


def test_a_scheduler_may_signal_all_processes_of_a_job_which_stops_after_its_epoch(shared, train, folder):
    client, child = running(shared, train, folder)
    for pid in (shared.parent, child, client.pid):
        os.kill(pid, signal.SIGTERM)
    assert "error: " in client.communicate()[1]
    assert client.returncode == 4
    assert (folder / files.PROGRESS[0]).exists()
    assert not cold(shared.run(*QUICK))


def test_a_killed_child_is_the_end_of_its_command(shared, train, folder):
    client, child = running(shared, train, folder)
    os.kill(child, signal.SIGKILL)
    client.communicate()
    assert client.returncode == -signal.SIGKILL


@pytest.mark.long
def test_a_job_whose_parent_is_killed_runs_cold_after_its_child_has_ended(own, train, folder, whole):
    client, child = running(own, train, folder)
    os.kill(client.pid, signal.SIGSTOP)
    os.kill(own.parent, signal.SIGKILL)
    until(lambda: not alive(child))
    os.kill(client.pid, signal.SIGCONT)
    log = "".join(client.communicate())
    assert client.returncode == 0
    assert " snn.cli.main\n" in log
    assert made(folder) == whole[0]
    assert cold(own.run(*QUICK))


def test_jobs_finish_without_their_head_and_nothing_is_left_then(own, train, folder, whole):
    client, child = running(own, train, folder)
    own.process.kill()
    assert client.communicate()[0]
    assert client.returncode == 0
    assert made(folder) == whole[0]
    until(lambda: not alive(own.parent) and not alive(child))
    assert cold(own.run(*QUICK))
