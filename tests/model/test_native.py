"""The compiled neuron equals its readable definition bit by bit, on any machine, and is used wherever it can be."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snn.model import native, plain
from snn.model.neuron import Silicon, fire, name_of
from snn.model.spec import Neuron

needs_a_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")
MANY = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

neurons = st.builds(
    Neuron,
    decay=st.sampled_from([0.0, 0.25, 0.3, 1.0]),
    threshold=st.sampled_from([0.5, 0.7, 1.0]),
    reset=st.sampled_from(["zero", "subtract"]),
    fires=st.sampled_from(["above", "at"]),
    surrogate=st.sampled_from(["rectangle", "triangle"]),
    width=st.sampled_from([0.5, 0.6]),
    height=st.sampled_from([1.0, 1.7]),
    detach_reset=st.booleans(),
)
CPU = torch.device("cpu")
LIF = Neuron(decay=0.5, threshold=1.0, reset="zero", fires="above", surrogate="rectangle", width=1.0, height=1.0)
LAYOUTS = {
    "dense": lambda x: x,
    "channels last": lambda x: x.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, x.shape[:2]),
    "batch last": lambda x: x.movedim(1, -1).contiguous().movedim(-1, 1),
    "with gaps": lambda x: torch.stack([x, x], -1)[..., 0],
    "time inside": lambda x: x.movedim(0, -1).contiguous().movedim(-1, 0),
}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An environment without compiled neurons; the folder in which they will lie."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    native.library.cache_clear()
    yield tmp_path / "lib" / "spikeledger"
    native.library.cache_clear()


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def passed(x_TBN, v_BN, spec, silicon, steps, weights):
    """Spikes, membranes and gradients of one pass."""
    x_TBN = x_TBN.detach().requires_grad_()
    v_BN = v_BN if v_BN is None else v_BN.detach().requires_grad_()
    s_TBN, v_next_BN = fire(x_TBN, spec, v_BN, silicon, steps)
    kinds = {"both": (s_TBN, v_next_BN), "spikes": (s_TBN,), "mean": (s_TBN.mean(0),), "membrane": (v_next_BN,)}
    outputs = kinds[weights[0]]
    loss = sum((out * weights[1][: out.numel()].view(out.shape)).sum() for out in outputs)
    grads = torch.autograd.grad(loss, [x_TBN] if v_BN is None else [x_TBN, v_BN])
    return s_TBN, v_next_BN, *grads


def both(x_TBN, v_BN, spec, silicon, steps, weights, monkeypatch):
    """The same pass in compiled and in readable form; random numbers are drawn from the same seed."""
    results = []
    for readable in (False, True):
        with monkeypatch.context() as patch:
            if readable:
                patch.setattr(native, "library", lambda dtype: None)
            torch.manual_seed(5)
            results.append(passed(x_TBN, v_BN, spec, silicon, steps, weights))
    return results


@needs_a_compiler
@MANY
@given(
    spec=neurons,
    dtype=st.sampled_from([torch.float32, torch.float64]),
    T=st.integers(1, 9),
    shape=st.sampled_from([(1, 1, 1, 1), (3, 2, 4, 5), (2, 8, 5, 5)]),
    layout=st.sampled_from(sorted(LAYOUTS)),
    constant=st.booleans(),
    state=st.booleans(),
    own=st.booleans(),
    loses=st.integers(0, 2),
    slopes=st.integers(0, 2),
    loss=st.sampled_from(["both", "spikes", "mean", "membrane"]),
)
def test_compiled_and_readable_neurons_agree_bit_by_bit(
    spec, dtype, T, shape, layout, constant, state, own, loses, slopes, loss
):
    generator = torch.Generator().manual_seed(1)
    draw = lambda *size: torch.randn(*size, generator=generator, dtype=dtype)  # noqa: E731
    x_TBN = LAYOUTS[layout](draw(1 if constant else T, *shape).round(decimals=1))
    silicon = Silicon(
        decay_N=draw(*shape[1:]).sigmoid() if own else None,
        threshold_N=draw(*shape[1:]).sigmoid() + 0.2 if own else None,
        keep=tuple(lambda x: (torch.rand_like(x) < 0.7).to(x.dtype) for _ in range(loses)),
        slope=tuple(lambda u: (1 + torch.rand_like(u[0])).expand(u.shape) for _ in range(slopes)),
    )
    weights = loss, draw(2 * T * x_TBN[0].numel())
    with pytest.MonkeyPatch.context() as patch:
        compiled, readable = both(x_TBN, draw(*shape) if state else None, spec, silicon, T, weights, patch)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(compiled, readable, strict=True))
    assert compiled[0].stride()[1:] == readable[0].stride()[1:] or layout in ("with gaps", "time inside")


@needs_a_compiler
@pytest.mark.parametrize("count", [2, 3])
def test_the_number_of_threads_changes_no_bit(count, threads):
    x_TBN, spec = torch.randn(5, 7, 40001), LIF
    weights = "both", torch.randn(x_TBN.numel())
    threads(1)
    alone = passed(x_TBN, None, spec, Silicon(), 5, weights)
    threads(count)
    assert all(map(torch.equal, alone, passed(x_TBN, None, spec, Silicon(), 5, weights)))


@needs_a_compiler
def test_the_width_of_vectors_changes_no_bit(elsewhere, monkeypatch):
    x_TBN, spec, weights = torch.randn(4, 3, 1001), LIF, ("both", torch.randn(4 * 3003))
    found = []
    for vectors in ((), *set(native.VECTORS.values())):
        monkeypatch.setattr(native, "VECTORS", dict.fromkeys(native.VECTORS, vectors))
        native.library.cache_clear()
        found.append(passed(x_TBN, None, spec, Silicon(), 4, weights))
    assert len(list(elsewhere.iterdir())) == len(found) > 1
    assert all(torch.equal(*pair) for others in found[1:] for pair in zip(found[0], others, strict=True))


@needs_a_compiler
@pytest.mark.parametrize("dtype", native.REALS)
def test_the_compiled_neuron_is_used_where_there_is_a_compiler(dtype, monkeypatch):
    monkeypatch.setattr(plain, "PLAIN", None)
    assert name_of(CPU) == "c"
    s_TBN, _ = fire(torch.ones(3, 2, 4, dtype=dtype), LIF)
    assert s_TBN.dtype == dtype


def test_other_types_and_smooth_neurons_run_in_readable_form():
    spec = LIF
    assert native.library(torch.bfloat16) is None
    assert fire(torch.ones(3, 2, 4, dtype=torch.bfloat16), spec)[0].dtype == torch.bfloat16
    s_TBN, _ = fire(torch.ones(3, 2, 4), spec.model_copy(update={"smooth": 2.0}))
    assert 0 < s_TBN.min() < 1


@pytest.mark.parametrize("reason", ["missing", "fails"])
def test_without_a_compiler_the_readable_form_runs(reason, elsewhere, tmp_path, monkeypatch):
    if reason == "fails":
        (tmp_path / "cc").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert name_of(CPU) == "torch"
    assert fire(torch.full((3, 2, 4), 2.0), LIF)[0].all()


@needs_a_compiler
@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-40], lambda whole: bytes([*whole[:9000], whole[9000] ^ 1, *whole[9001:]])]
)
def test_a_damaged_library_is_compiled_again(damage, elsewhere):
    assert name_of(CPU) == "c"
    (path,) = elsewhere.iterdir()
    whole = path.read_bytes()
    path.unlink()  # the loaded one is mapped into memory
    path.write_bytes(damage(whole))
    native.library.cache_clear()
    assert name_of(CPU) == "c"
    assert [path.read_bytes() for path in elsewhere.iterdir()] == [whole]


@needs_a_compiler
def test_where_nothing_may_be_written_a_library_serves_its_process_alone(elsewhere, monkeypatch):
    Path(sys.prefix, "lib").write_text("a file in place of the folder")
    assert name_of(CPU) == "c"
