"""What equality of training steps compares: every gradient, with a reference that shares no fast path with ours."""

import math
import shutil

import pytest
import torch

from benchmarks import nets, readable, step
from snn.core.errors import InputError
from snn.model import native, spikes
from snn.model.spec import Conv, Linear

SHAPE = (3, 8, 8)
LAYERS = (Conv(conv=4), Conv(conv=4, stride=2), Linear(linear=8))
RECIPES = (nets.STBP, nets.STBP_NORM, nets.TET, nets.TET_NORM, nets.TANDEM, nets.LTL_OFFLINE, nets.LTL_ONLINE)
needs_a_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")


def small(recipe):
    return nets.training(recipe, 3, LAYERS, SHAPE)


def spied(monkeypatch, owner, name):
    """Calls of a method, as they come."""
    calls, real = [], getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *a, **k: calls.append(name) or real(*a, **k))
    return calls


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_step_equals_its_definition(recipe):
    small(recipe).equality().check(recipe.name)


@needs_a_compiler
@pytest.mark.parametrize(
    ("recipe", "fast"),
    [
        (nets.STBP, {"fire", "learn", "convolve"}),
        (nets.TANDEM, {"fire"}),
        (nets.LTL_OFFLINE, {"fire", "learn"}),
        (nets.LTL_ONLINE, {"imitate"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_reference_takes_the_plain_loop_where_ours_takes_what_is_fast(recipe, fast, monkeypatch):
    ours = small(recipe)
    calls = [spied(monkeypatch, native.Library, name) for name in ("fire", "learn", "imitate")]
    calls.append(spied(monkeypatch, spikes._Convolution, "apply"))
    loops = spied(monkeypatch, readable, "loop")
    ours.step()
    assert {"convolve" if name == "apply" else name for of_name in calls for name in of_name} == fast
    assert not loops
    for of_name in calls:
        of_name.clear()
    with readable.definition():
        ours.step()
    assert not any(calls)
    assert loops


@needs_a_compiler
def test_a_wrong_compiled_step_of_imitation_is_noticed(monkeypatch):
    real = native.Library.imitate

    def wrong(self, *about, **tensors):
        square = real(self, *about, **tensors)
        tensors["g_x"].mul_(7)
        return square

    monkeypatch.setattr(native.Library, "imitate", wrong)
    with pytest.raises(InputError, match="LTL online"):
        small(nets.LTL_ONLINE).equality().check("LTL online")


@pytest.mark.parametrize("wrong", [1, 2], ids=["weights", "biases"])
def test_a_wrong_gradient_of_a_convolution_of_spikes_is_noticed(wrong, monkeypatch):
    real = spikes._Convolution.backward

    def backward(ctx, g):
        gradients = list(real(ctx, g))
        gradients[wrong] = gradients[wrong] * 3
        return tuple(gradients)

    monkeypatch.setattr(spikes._Convolution, "backward", staticmethod(backward))
    with pytest.raises(InputError, match="STBP"):
        small(nets.STBP).equality().check("STBP")


@pytest.mark.parametrize("recipe", [nets.STBP, nets.STBP_NORM], ids=lambda recipe: recipe.name)
def test_a_gradient_that_is_wrong_in_any_one_parameter_is_the_worst(recipe):
    ours = small(recipe)
    ours.step()
    expected = nets.gradients(ours.student)
    assert nets.farthest(expected, expected, ours.student) == 0
    drowned = ["op.bias" in name and "norm" in recipe.name for name, _ in ours.student.named_parameters()]
    drowned[-1] = False  # the read-out has no norm
    for i, small_beside_weights in enumerate(drowned):
        change = expected[i - 1].abs().max() if small_beside_weights else expected[i].abs().max()
        found = [g + 0.25 * change if i == j else g for j, g in enumerate(expected)]
        assert nets.farthest(found, expected, ours.student) == pytest.approx(0.25, rel=1e-3)


def test_a_gradient_that_is_no_number_is_not_equal():
    ours = small(nets.STBP)
    ours.step()
    expected = nets.gradients(ours.student)
    found = [*expected[:-1], expected[-1] * math.nan]
    worst = nets.farthest(found, expected, ours.student)
    with pytest.raises(InputError):
        nets.Equality(0.0, nets.OF_LOSS, worst).check("ours")


def test_a_parameter_that_learns_nothing_or_has_no_gradient_is_refused():
    ours = small(nets.STBP)
    with pytest.raises(ValueError, match=r"layers\.0\.op\.weight"):
        nets.gradients(ours.student)
    ours.step()
    expected = nets.gradients(ours.student)
    expected[2] = torch.zeros_like(expected[2])
    with pytest.raises(InputError, match=r"layers\.1\.op\.weight learns nothing"):
        nets.farthest(expected, expected, ours.student)


def test_the_spiking_branch_of_tandem_learning_is_not_silent_where_it_is_timed():
    ours = small(nets.TANDEM)
    with torch.no_grad():
        counts = [count_BN for _, count_BN, _ in ours.rule.pairs(ours.student, ours.batch.x)]
    assert all(float((count_BN != 0).float().mean()) > 0.01 for count_BN in counts)
    ours.step()
    assert all(layer.norm.momentum == pytest.approx(0.1) for layer in ours.student.hidden)


def test_products_in_bfloat16_are_rounded_and_their_row_is_absent_without_instructions_for_them(monkeypatch):
    ours = small(nets.STBP)
    exact, rounded = ours.step(), ours.step(mixed=True)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.1)
    monkeypatch.setattr(step.bfloat16, "instructions", list)
    monkeypatch.setattr(step.nets, "half_vgg11", lambda: LAYERS)
    found = step.table(nets.STBP, (), 2)
    assert step.MIXED not in found.candidates
    assert "bfloat16" in found.absent[step.MIXED]
