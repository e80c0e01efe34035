"""A training in bfloat16 on a processor that is slow at it says so once, and no other job does."""

from types import SimpleNamespace

import pytest

from snn.pipeline import bfloat16, execute

SLOW, FAST = (
    "processor\t: 0\nflags\t\t: fpu avx2 avx512f\n",
    "processor\t: 0\nflags\t\t: avx512_bf16 amx_bf16 amx_tile\n",
)
ARM, OTHER = "processor\t: 0\nFeatures\t: fp asimd bf16\n", "processor\t: 0\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    """The file that tells what a processor has; there are no GPUs."""
    monkeypatch.setattr(bfloat16, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(bfloat16.gpus, "visible", list)
    for name in bfloat16.LIMITS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cpuinfo"


def plan(precision="bf16", device="auto"):
    return SimpleNamespace(experiment=SimpleNamespace(precision=precision, device=device))


@pytest.mark.parametrize(("text", "found"), [(SLOW, []), (FAST, ["amx", "bf16"]), (ARM, ["bf16"]), (OTHER, None)])
def test_instructions_are_those_that_the_system_tells(text, found, cpuinfo):
    cpuinfo.write_text(text)
    assert bfloat16.instructions() == found


@pytest.mark.parametrize(("limit", "found"), [("AVX2", []), ("avx512_core", []), ("AVX512_CORE_BF16", ["amx", "bf16"])])
def test_a_limit_on_the_instructions_of_onednn_counts(limit, found, cpuinfo, monkeypatch):
    cpuinfo.write_text(FAST)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert bfloat16.instructions() == found


def test_a_system_that_tells_nothing_warns_of_nothing(cpuinfo):
    assert bfloat16.instructions() is None
    assert bfloat16.warning("train", plan()) == ""


@pytest.mark.parametrize("text", [FAST, ARM, OTHER])
def test_no_warning_where_bfloat16_is_fast_or_nothing_is_known(text, cpuinfo):
    cpuinfo.write_text(text)
    assert bfloat16.warning("train", plan()) == ""


@pytest.mark.parametrize(
    ("stage", "precision", "device", "warned"),
    [
        ("train", "bf16", "auto", True),
        ("tune", "bf16", "cpu", True),
        ("evaluate", "bf16", "cpu", False),
        ("train", "float32", "cpu", False),
        ("train", "bf16", "cuda", False),
        ("train", "bf16", "mps", False),
    ],
)
def test_only_a_training_in_bfloat16_on_a_slow_cpu_warns(stage, precision, device, warned, cpuinfo):
    cpuinfo.write_text(SLOW)
    assert ("many times slower" in bfloat16.warning(stage, plan(precision, device))) == warned


def test_a_gpu_takes_the_training_of_an_experiment_that_names_no_device(cpuinfo, monkeypatch):
    cpuinfo.write_text(SLOW)
    monkeypatch.setattr(bfloat16.gpus, "visible", lambda: ["0"])
    assert bfloat16.warning("train", plan()) == ""
    assert bfloat16.warning("train", plan(device="cpu")) != ""


def test_the_warning_comes_before_the_job(cpuinfo, monkeypatch, tmp_path):
    cpuinfo.write_text(SLOW)
    order = []
    found = plan(device="cpu")
    found.find = lambda stage, folder: "job"
    monkeypatch.setattr(execute, "Plan", lambda experiment, folder: found)
    monkeypatch.setattr(execute, "_run", lambda job, observer: order.append(job))
    execute.execute("train", "any", tmp_path, SimpleNamespace(warning=order.append))
    assert order[1:] == ["job"]
    assert "bfloat16" in order[0]
