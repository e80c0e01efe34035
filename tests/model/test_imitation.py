"""Online imitation: the fused step equals the general one, and its gradient the printed formula."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn.model import native
from snn.model.imitation import Imitation
from snn.model.network import Network
from snn.model.plain import surrogate
from snn.model.spec import Architecture, Conv, Neuron

FEW = settings(max_examples=40, deadline=None, derandomize=True)


def built(reset, fires, shape, dtype):
    neuron = Neuron(decay=0.5, threshold=0.7, reset=reset, fires=fires, surrogate=shape, width=0.6, height=1.3)
    torch.manual_seed(0)
    layers = (Conv(conv=6),)
    fixed = {"input_shape": (2, 5, 5), "outputs": 3, "layers": layers, "steps": 4}
    return Network(Architecture(**fixed, activation=neuron, norm=None)).to(dtype).layers[0]


def imitated(layer, x_TBX, target_BN, lam, warm_up):
    """Spikes, terms of the loss, and gradients of the weights step by step."""
    imitation, found = Imitation(layer, target_BN, lam, warm_up), []
    for t, x_BX in enumerate(x_TBX):
        with torch.set_grad_enabled(t >= warm_up):
            found.append(imitation.step(layer.current(x_BX[None])))
            term = imitation.take()
        assert (term is None) == (t < warm_up)
        if term is not None:
            found += [term.detach(), *torch.autograd.grad(term, list(layer.parameters()))]
    return found


@FEW
@given(
    reset=st.sampled_from(["zero", "subtract"]),
    fires=st.sampled_from(["above", "at"]),
    shape=st.sampled_from(["rectangle", "triangle"]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    lam=st.sampled_from([1.0, 0.3]),
    warm_up=st.integers(0, 3),
)
def test_the_fused_step_is_the_general_one(reset, fires, shape, dtype, lam, warm_up):
    layer = built(reset, fires, shape, dtype)
    x_TBX, target_BN = torch.randn(4, 3, 2, 5, 5, dtype=dtype) * 3, torch.rand(3, 6, 5, 5, dtype=dtype)
    fused = imitated(layer, x_TBX, target_BN, lam, warm_up)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda dtype: None)
        general = imitated(layer, x_TBX, target_BN, lam, warm_up)
    for ours, theirs in zip(fused, general, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert torch.equal(fused[0], general[0])


def test_the_gradient_of_a_current_is_the_printed_formula():
    layer, lam = built("zero", "above", "rectangle", torch.float64), 0.5
    target_BN, v_BN, count_BN = torch.rand(3, 6, 5, 5).double(), 0.0, 0.0
    imitation, neuron = Imitation(layer, target_BN, lam, 0), layer.activation
    for t in range(4):
        z_1BN = torch.randn(1, 3, 6, 5, 5, dtype=torch.float64, requires_grad=True)
        s_1BN = imitation.step(z_1BN)
        (gradient_1BN,) = torch.autograd.grad(imitation.take(), z_1BN)
        u_BN = v_BN + z_1BN[0].detach()
        count_BN = count_BN + (u_BN > neuron.threshold)
        error_BN = count_BN / (t + 1) - target_BN
        expected_BN = 2 * lam / target_BN.numel() * error_BN / (t + 1) * surrogate(u_BN, s_1BN[0], neuron)
        torch.testing.assert_close(gradient_1BN[0], expected_BN)
        v_BN = neuron.decay * u_BN * (1 - s_1BN[0])


def test_a_term_that_was_taken_is_forgotten():
    layer = built("zero", "above", "rectangle", torch.float32)
    imitation = Imitation(layer, torch.rand(3, 6, 5, 5), 1.0, 0)
    imitation.step(layer.current(torch.randn(1, 3, 2, 5, 5)))
    assert imitation.take() is not None
    assert imitation.take() is None
