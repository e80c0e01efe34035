"""The neuron in Triton equals its readable definition bit by bit, and is used on GPUs alone.

Without a GPU, kernels run in Triton's interpreter, and are compiled as for a launch but not launched.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings

from snn.core.paths import ROOT
from snn.model import neuron, plain
from snn.model.spec import Neuron
from tests import trees
from tests.neurons import LIF, MANY, Case, cases, equal

needs_triton = pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed here")
needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
CPU, GPU = torch.device("cpu"), torch.device("cuda")
SUBTRACTS = Neuron(decay=0.3, threshold=0.7, reset="subtract", fires="at", surrogate="triangle", width=0.6, height=1.7)
WITHOUT_TRITON = """
import sys, torch
from snn.model import layer, imitation, neuron
from tests.neurons import LIF
x_TBN = torch.ones(3, 2, 4, requires_grad=True)
neuron.fire(x_TBN, LIF)[0].sum().backward()
assert neuron.name_of(torch.device("cpu")) in ("c", "torch")
assert "triton" not in sys.modules and "snn.model.gpu" not in sys.modules
"""


def python(*arguments, **environment):
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, check=True)


def all_of(spec, dtype):
    """A pass that has every tensor there is, of neurons whose number and strides are multiples of 16."""
    given = {"constant": True, "state": True, "own": True, "loses": 1, "slopes": 2, "loss": "both"}
    return Case(spec=spec, dtype=dtype, T=16, shape=(2, 2, 4, 4), layout="dense", **given)


def least_of(spec, dtype):
    """A pass of one neuron for one step, with no tensor that may be missing."""
    missing = {"constant": False, "state": False, "own": False, "loses": 0, "slopes": 0, "loss": "membrane"}
    return Case(spec=spec, dtype=dtype, T=1, shape=(1, 1, 1, 1), layout="dense", **missing)


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Kernels are compiled for an H100 in place of being launched; a list of what was compiled."""
    from triton import knobs
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver
    from triton.runtime.jit import JITFunction

    found, run = [], JITFunction.run
    h100 = SimpleNamespace(
        get_current_device=lambda: -1,  # no kernel for a GPU that is here may be replaced
        get_current_stream=lambda device: 0,
        get_current_target=lambda: GPUTarget("cuda", 90, 32),
    )
    monkeypatch.setattr(knobs.cache, "dir", str(tmp_path))
    monkeypatch.setattr(
        JITFunction, "run", lambda *args, **kwargs: found.append(run(*args, **kwargs | {"warmup": True}))
    )
    monkeypatch.setattr(driver, "_active", h100)
    return found


@needs_triton
@pytest.mark.slow
def test_interpreted_kernels_and_readable_neurons_agree_bit_by_bit():
    python("-m", "tests.interpreted", TRITON_INTERPRET="1")


@needs_triton
@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spec", [LIF, SUBTRACTS])
@pytest.mark.parametrize("case", [all_of, least_of])
def test_compiled_kernels_round_every_operation_and_take_constants_in_double_precision(case, spec, dtype, compiled):
    from snn.model import gpu

    case(spec, dtype).passed(gpu.TRITON)
    real = {torch.float32: "f32", torch.float64: "f64"}[dtype]
    for kernel, constants in zip(compiled, (2, 5), strict=True):
        assert len(re.findall(r"\.param \.f64", kernel.asm["ptx"])) == constants
        assert ".param .f32" not in kernel.asm["ptx"]
        arithmetic = set(re.findall(r"\b(?:fma|mad|mul|add|sub)\.\S*f(?:32|64)\b", kernel.asm["ptx"]))
        assert arithmetic
        assert arithmetic <= {f"{operation}.rn.{real}" for operation in ("mul", "add", "sub")}
        assert "convert_layout" not in kernel.asm["ttgir"]  # it would go through shared memory


@needs_a_gpu
@needs_triton
@settings(MANY, max_examples=100)
@given(case=cases)
def test_on_a_gpu_the_neuron_in_triton_gives_the_bits_of_a_cpu(case):
    from snn.model import gpu

    on_gpu = case.passed(gpu.TRITON, GPU)
    assert equal(on_gpu, case.passed(plain.PLAIN, GPU))
    assert equal(on_gpu, case.passed(plain.PLAIN))


@needs_a_gpu
@needs_triton
def test_on_a_gpu_many_neurons_and_steps_give_the_bits_of_the_definition():
    from snn.model import gpu

    case = Case(**vars(all_of(SUBTRACTS, torch.float32)) | {"T": 64, "shape": (33, 16, 31, 31)})
    assert equal(case.passed(gpu.TRITON, GPU), case.passed(plain.PLAIN, GPU))


@needs_a_gpu
@needs_triton
def test_provenance_names_triton_on_a_gpu():
    assert neuron.name_of(GPU) == "triton"


@needs_triton
def test_neurons_on_a_gpu_run_in_triton_where_it_starts(monkeypatch):
    from snn.model import gpu

    monkeypatch.setattr(gpu, "engine", lambda: gpu.TRITON)
    assert neuron.name_of(GPU) == neuron.engine(torch.float64, GPU).name == "triton"
    assert neuron.engine(torch.bfloat16, GPU) is neuron.engine(torch.float32, GPU, smooth=True) is plain.PLAIN
    monkeypatch.setattr(gpu, "engine", lambda: None)
    assert neuron.name_of(GPU) == "torch"


@needs_triton
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_where_triton_cannot_start_the_readable_form_runs():
    assert neuron.name_of(GPU) == "torch"


def test_without_triton_the_readable_form_runs_on_a_gpu(monkeypatch):
    monkeypatch.setattr(neuron, "find_spec", lambda name: None)
    assert neuron.name_of(GPU) == "torch"


@pytest.mark.slow
def test_neurons_on_a_cpu_never_import_triton():
    trees.run(ROOT, "-c", WITHOUT_TRITON)
