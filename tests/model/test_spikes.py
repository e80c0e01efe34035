"""Convolution of spikes: torch's values and gradients, bit by bit, with a thirty-second of the memory kept."""

import pytest
import torch
from torch import nn

from snn.model.spec import Conv, Dropout, MaxPool, NeuNorm
from snn.model.spikes import convolve
from tests import nets


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"stride": 2, "groups": 2}, {"padding": 0}])
@pytest.mark.parametrize("reaches_input", [True, False])
def test_values_and_gradients_are_those_of_torch_bit_by_bit(layout, dtype, options, reaches_input):
    torch.manual_seed(0)
    op = nn.Conv2d(4, 6, 3, **{"padding": 1, **options}).to(dtype=dtype, memory_format=layout)
    s = (torch.rand(5, 4, 7, 7) < 0.3).to(dtype).contiguous(memory_format=layout).requires_grad_(reaches_input)
    learned = [*op.parameters(), *([s] if reaches_input else [])]
    ours, theirs = convolve(op, s), op(s)
    g = torch.randn_like(theirs)
    found, expected = (torch.autograd.grad(z, learned, g) for z in (ours, theirs))
    assert all(map(torch.equal, (ours, *found), (theirs, *expected)))


def test_the_graph_holds_one_bit_for_each_spike():
    kept = []
    op, s = nn.Conv2d(4, 6, 3), torch.ones(5, 4, 8, 8)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        convolve(op, s)
    assert [tensor.nbytes for tensor in kept if tensor is not op.weight] == [s.numel() // 8]


CASES = {
    "chain": {"layers": nets.CHAIN},
    "max pool": {"layers": (Conv(conv=4), MaxPool(max_pool=2), Conv(conv=4), Conv(conv=4))},
    "currents added": {"layers": nets.residual("currents")},
    "spikes added": {"layers": nets.residual("spikes")},
    "dropout": {"layers": (Conv(conv=4), Conv(conv=4)), "dropout": Dropout(p=0.5, before=["conv"])},
    "neunorm": {"layers": (Conv(conv=4), Conv(conv=4)), "neunorm": NeuNorm(decay=0.5, gain="average")},
    "smooth": {"layers": (Conv(conv=4), Conv(conv=4)), "activation": nets.leaky(smooth=4.0)},
}


@pytest.mark.parametrize("case", CASES)
def test_a_network_learns_the_same_whether_spikes_are_kept_as_bits_or_not(case):
    net, x = nets.student(**CASES[case]), nets.some(2, 1, 8, 8)
    found = []
    for kept in (True, False):
        for layer in net.layers:
            layer.gets_spikes = layer.gets_spikes and kept
        torch.manual_seed(1)
        net.zero_grad()
        net.predict(x).square().sum().backward()
        found.append([parameter.grad for parameter in net.parameters()])
    assert any(gradient.abs().max() > 0 for gradient in found[0])
    assert all(map(torch.equal, *found))


def test_only_convolutions_right_behind_neurons_get_spikes():
    net = nets.student((Conv(conv=4), MaxPool(max_pool=2), Conv(conv=4), Conv(conv=4)))
    assert [i for i, layer in enumerate(net.layers) if layer.gets_spikes and isinstance(layer.op, nn.Conv2d)] == [3]


def test_currents_of_counts_have_the_gradients_of_counts():
    net = nets.student((Conv(conv=4), Conv(conv=4)))
    layer, count = net.layers[1], nets.some(2, 4, 8, 8).abs().mul(4).round().requires_grad_()
    (found,) = torch.autograd.grad(layer.current(count[None]).square().sum(), layer.op.weight)
    (expected,) = torch.autograd.grad(layer.op(count).square().sum(), layer.op.weight)
    assert torch.equal(found, expected)
