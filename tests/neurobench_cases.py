"""Small networks that NeuroBench and we count, each named after what sets it apart. Every number in them is a multiple
of a power of two, so that sums are exact in any order and spikes the same on every machine.
"""

from typing import NamedTuple

import torch

from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Conv, Linear, MaxPool, Neuron, Readout

INPUT, OUTPUTS, SAMPLES = (2, 11, 10), 5, 8
NEURON = Neuron(decay=0.5, threshold=0.75, reset="subtract", fires="at", surrogate="rectangle", width=0.5, height=1.0)


class Case(NamedTuple):
    """Layers and how they are run; biases, the share of weights that are zero, and whether images hold 0 and 1 only."""

    layers: tuple
    steps: int = 3
    batch: int = 4
    bias: bool = False
    zeros: bool = False
    binary: bool = False


def chain(*layers, **changes):
    return Case((Conv(conv=8), *layers, Linear(linear=12)), **changes)


SAME = {
    "stride 1": chain(Conv(conv=6)),
    "stride 2": chain(Conv(conv=6, stride=2)),
    "stride 3": chain(Conv(conv=6, stride=3)),
    "groups": chain(Conv(conv=12, groups=4)),
    "no padding": chain(Conv(conv=6, kernel=2, padding=0)),
    "wide padding": chain(Conv(conv=6, padding=3)),
    "large kernel": chain(Conv(conv=6, kernel=5, stride=2, padding=2)),
    "linear": Case((Linear(linear=24), Linear(linear=12))),
    "one at a time": chain(Conv(conv=6), batch=1),
    "all at once": chain(Conv(conv=6), batch=8),
    "one step": chain(Conv(conv=6), steps=1),
    "seven steps": chain(Conv(conv=6), steps=7),
    "max pool": chain(MaxPool(max_pool=2), Conv(conv=6)),
}
DIFFERENT = {
    "average pool": chain(AvgPool(avg_pool=2), Conv(conv=6)),
    "bias": chain(Conv(conv=6), bias=True),
    "zero weights": chain(Conv(conv=6), zeros=True),
    "binary image": chain(Conv(conv=6), binary=True),
}
CASES = SAME | DIFFERENT


def nonzero(generator, shape, unit, most):
    """Multiples of `unit`, of both signs, none of them zero."""
    size = torch.randint(1, most + 1, shape, generator=generator)
    return unit * size * (2 * torch.randint(2, shape, generator=generator) - 1)


def build(case):
    """The network of a case, and its images."""
    generator = torch.Generator().manual_seed(0)
    layers = tuple(
        layer.model_copy(update={"bias": case.bias}) if hasattr(layer, "bias") else layer for layer in case.layers
    )
    fixed = {"input_shape": INPUT, "outputs": OUTPUTS, "norm": None, "readout": Readout(over_steps="sum")}
    net = (
        Network(Architecture(**fixed, layers=layers, steps=case.steps, activation=NEURON)).requires_grad_(False).eval()
    )
    for layer in net.layers:
        if layer.programmable:
            weight = nonzero(generator, layer.op.weight.shape, 1 / 32, 15)
            if case.zeros:
                weight *= torch.randint(2, weight.shape, generator=generator)
            layer.op.weight.copy_(weight)
            if layer.op.bias is not None:
                layer.op.bias.copy_(nonzero(generator, layer.op.bias.shape, 1 / 8, 3) if case.bias else 0)
    images = nonzero(generator, torch.Size([SAMPLES, *INPUT]), 1 / 8, 12)
    return net, (images > 0).float() if case.binary else images
