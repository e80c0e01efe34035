"""Jobs that run at once spread over the GPUs of a machine, each sees one, and a killed one gives its own back."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn.pipeline import execute, gpus
from snn.pipeline.settings import jobs_per_gpu
from tests.refusals import refused

ROOT = Path(__file__).parents[2]
JOB = "import os, sys; from snn.pipeline import gpus; gpus.take_one(); print(os.environ.get(gpus.VARIABLE), flush=True)"


@pytest.fixture
def job(tmp_path):
    """A function that starts a job which takes a GPU and lives until it is ended; returns the process and the GPU."""
    started = []

    def start(names):
        environment = {**os.environ, gpus.VARIABLE: names, "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", f"{JOB}; sys.stdin.read()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_jobs_spread_evenly_and_the_slot_of_a_killed_one_is_taken_next(job):
    jobs = [job("0,GPU-5f/2,3") for _ in range(5)]
    assert [name for _, name in jobs] == ["0", "GPU-5f/2", "3", "0", "GPU-5f/2"]
    killed, freed = jobs[1]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    names = Counter([name for _, name in jobs if name] + [job("0,GPU-5f/2,3")[1]])
    assert names[freed] == 3  # two that live, and the killed one
    assert job("0,GPU-5f/2,3")[1] == "3"


@pytest.mark.parametrize("names", ["", "2", "-1", "MIG-1"])
def test_a_job_with_one_gpu_or_none_is_left_as_it_is(names, monkeypatch, tmp_path):
    monkeypatch.setenv(gpus.VARIABLE, names)
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    gpus.take_one()
    assert os.environ[gpus.VARIABLE] == names
    assert not any(tmp_path.iterdir())


@given(st.lists(st.sampled_from(["0", "7", "GPU-a", "MIG-b"]), max_size=4), st.sampled_from(["", ",-1,5", ",,5"]))
def test_gpus_are_those_that_cuda_would_read_from_the_environment(names, end):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(gpus.VARIABLE, ",".join(names) + end)
        assert gpus.visible() == (names if names or not end else [])


def test_without_the_variable_gpus_are_counted_as_devices(monkeypatch, tmp_path):
    for name in ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    monkeypatch.delenv(gpus.VARIABLE, raising=False)
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    assert gpus.visible() == ["0", "1"]


@pytest.mark.parametrize("kind", ["link", "open to all", "file"])
def test_a_folder_of_locks_that_somebody_else_can_write_is_refused(kind, monkeypatch, tmp_path):
    folder = tmp_path / f"spikeledger-gpus-{os.getuid()}"
    if kind == "link":
        folder.symlink_to(tmp_path)
    elif kind == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder.touch()
    monkeypatch.setenv(gpus.VARIABLE, "0,1")
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    with refused(folder):
        gpus.take_one()


def workflow(**given):
    found = {"is_main_process": True, "local_exec": True, "global_resources": {}} | given
    return SimpleNamespace(register_resource=found["global_resources"].__setitem__, **found)


@pytest.mark.parametrize(
    ("device", "names", "settings", "given", "asks", "limit"),
    [
        ("auto", "0,1", {}, {}, 1, 2),
        ("cuda", "0,1", {"jobs_per_gpu": "4"}, {}, 1, 8),
        ("auto", "0,1", {}, {"global_resources": {"gpu": 1}}, 1, 1),
        ("auto", "", {}, {}, 0, None),
        ("cpu", "0,1", {}, {}, 0, None),
        ("auto", "0,1", {}, {"local_exec": False}, 0, None),
        ("auto", "0,1", {}, {"is_main_process": False}, 0, None),
    ],
    ids=["one per GPU", "shared", "limited by hand", "no GPU", "on processors", "on a cluster", "in a submission"],
)
def test_as_many_jobs_run_at_once_as_gpus_have_room(device, names, settings, given, asks, limit, monkeypatch):
    monkeypatch.setenv(gpus.VARIABLE, names)
    plan, snakemake = SimpleNamespace(experiment=SimpleNamespace(device=device)), workflow(**given)
    assert gpus.declare(plan, settings, snakemake) == asks
    assert snakemake.global_resources.get("gpu") == limit


@pytest.mark.parametrize("word", [0, -1, 1.5, "many", "", True])
def test_a_setting_that_is_no_number_of_jobs_is_refused(word):
    with refused("--config jobs_per_gpu"):
        jobs_per_gpu({"jobs_per_gpu": word})


@pytest.mark.parametrize(
    ("stage", "device", "takes"), [("train", "auto", 1), ("train", "cpu", 0), ("collect", "auto", 0)]
)
def test_a_job_takes_a_gpu_before_it_computes_on_one(stage, device, takes, monkeypatch):
    told = []
    plan = SimpleNamespace(experiment=SimpleNamespace(device=device, precision="float32"), find=lambda *_: "job")
    monkeypatch.setattr(execute, "Plan", lambda *_: plan)
    monkeypatch.setattr(execute.gpus, "take_one", lambda: told.append("took"))
    monkeypatch.setattr(execute, "_run", lambda job, _: told.append(job))
    execute.execute(stage, "smoke", Path("results"))
    assert told == ["took"] * takes + ["job"]
