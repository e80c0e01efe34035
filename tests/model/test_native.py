"""The compiled neuron equals its readable definition bit by bit, on any machine, and is used wherever it can be."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given

from snn.model import native, plain
from snn.model.neuron import Silicon, fire, name_of
from tests.neurons import LIF, MANY, cases, equal, passed

needs_a_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")
CPU = torch.device("cpu")


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


@needs_a_compiler
@MANY
@given(case=cases)
def test_compiled_and_readable_neurons_agree_bit_by_bit(case):
    assert equal(case.passed(native.library(case.dtype)), case.passed(plain.PLAIN))


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
@pytest.mark.slow
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


BROKEN = {  # what a compiler may leave behind with exit status 0
    "an object file": 'exec gcc -c "$@"',
    "text": 'for last; do :; done; echo no library > "$last"',
    "another library": 'for last; do :; done; echo "int x;" | gcc -shared -fPIC -x c - -o "$last"',
    "nothing": "true",
}


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize("left", BROKEN.values(), ids=BROKEN)
def test_a_library_that_cannot_be_loaded_is_not_kept_and_the_readable_form_runs(left, elsewhere, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cc").write_text(f"#!/bin/sh\n{left}\n")
    (tmp_path / "bin/cc").chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
        assert name_of(CPU) == "torch"
    assert list(elsewhere.iterdir()) == []
    native.library.cache_clear()
    assert name_of(CPU) == "c"


def test_a_compiler_that_is_no_program_is_none(elsewhere, tmp_path, monkeypatch):
    (tmp_path / "cc").write_text("no program")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert name_of(CPU) == "torch"


@needs_a_compiler
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float64, torch.float32])
@pytest.mark.parametrize("steps", [1, 3])
def test_lost_spikes_and_slopes_may_have_any_type_and_one_step_stands_for_all(dtype, steps, monkeypatch):
    keep = torch.tensor([1, 0, 1, 1]).to(dtype).expand(steps, 2, 4)
    slope = torch.tensor([0.5, 1, 2, 0]).to(torch.float64 if dtype == torch.float64 else torch.float32)
    silicon = Silicon(keep=(lambda z: keep,), slope=(lambda u: slope.expand(steps, 2, 4),))
    x_TBN, weights = torch.linspace(-1, 3, 24).view(3, 2, 4), ("both", torch.randn(24))
    compiled = passed(x_TBN, None, LIF, silicon, 3, weights)
    monkeypatch.setattr(native, "library", lambda _: None)
    readable = passed(x_TBN, None, LIF, silicon, 3, weights)
    assert all(map(torch.equal, compiled, readable))
    assert set(compiled[0].unique().tolist()) == {0, 1}
    assert not compiled[0][..., 1].any()


def test_a_second_derivative_is_refused_since_a_spike_has_none():
    w = torch.tensor(1.0, requires_grad=True)
    s_TBN, _ = fire(torch.full((3, 2, 4), 0.6) * w, LIF)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad((s_TBN * w).sum(), w, create_graph=True)
