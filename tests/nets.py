"""Neurons, layers, networks and samples that several test files share: small, random, fixed by their seeds.

Whatever a test depends on is an argument of the call; the defaults are what it does not care about.
"""

import torch
from torch import Tensor

from snn import config
from snn.core import seeds
from snn.data.samples import Samples
from snn.model.graph import Node, sizes, wire
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Block, Conv, LayerSpec, Linear, MaxPool, Neuron, Relu

Layers = tuple[LayerSpec, ...]

CHAIN: Layers = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6, stride=2), Linear(linear=8))
POOLED: Layers = (*CHAIN[:3], MaxPool(max_pool=2), Linear(linear=12))
SHIFTED = config.Augment(shift=1)


def leaky(**changes: object) -> Neuron:
    """A leaky neuron that is reset to zero, as those of STBP, TET and LTL."""
    fields = {"decay": 0.75, "threshold": 0.5, "surrogate": "rectangle", "width": 0.4, "height": 1.0}
    return Neuron(**{"reset": "zero", "fires": "above", **fields, **changes})


def triangular(**changes: object) -> Neuron:
    """A leaky neuron whose surrogate is a wide triangle, so that gradients reach nearly everything."""
    return leaky(**{"decay": 0.5, "surrogate": "triangle", "width": 1.0, **changes})


def integrate_and_fire(**changes: object) -> Neuron:
    """A neuron without a leak that keeps the charge above its threshold, as those of tandem learning."""
    fields = {"decay": 1.0, "threshold": 1.0, "surrogate": "rectangle", "width": 0.5, "height": 1.0}
    return Neuron(**{"reset": "subtract", "fires": "at", **fields, **changes})


def residual(add: str, bias: bool = True) -> Layers:
    """Blocks with a convolution in their shortcut and without, behind a layer that they can add to."""
    wide = Block(
        block=[Conv(conv=4, stride=2, bias=bias), Conv(conv=4, bias=bias)],
        shortcut=Conv(conv=4, kernel=1, stride=2, padding=0, bias=bias),
        add=add,
    )
    plain = Block(block=[Conv(conv=4, bias=bias), Conv(conv=4, bias=bias)], add=add)
    return (Conv(conv=3, bias=bias), wide, plain, AvgPool(avg_pool="global"), Linear(linear=8))


def student(
    layers: Layers = CHAIN,
    activation: Neuron | Relu | None = None,
    *,
    shape: tuple[int, ...] = (1, 8, 8),
    outputs: int = 3,
    steps: int = 4,
    loud: float = 3.0,
    seed: int = 0,
    **fields: object,
) -> Network:
    """A network to be trained. Weights are `loud` times those that torch starts with, so that every layer fires; a norm
    looks as after a long training.
    """
    torch.manual_seed(seed)
    asked = {"input_shape": shape, "outputs": outputs, "layers": layers, "steps": steps, "norm": None}
    net = Network(Architecture(**{**asked, "activation": activation or leaky(), **fields}))
    with torch.no_grad():
        for layer in net.layers:
            if layer.norm:
                layer.norm.weight.normal_(0.5, 1)
                layer.norm.bias.normal_(0.3, 0.5)
                layer.norm.running_mean.normal_(0, 0.3)
                layer.norm.running_var.uniform_(0.2, 1)
            elif layer.programmable:
                layer.op.weight *= loud
    return net


def deployed(layers: Layers = CHAIN, activation: Neuron | Relu | None = None, **changes: object) -> Network:
    """The same `student` as it is deployed: in evaluation mode, without gradients."""
    return student(layers, activation, **changes).requires_grad_(False).eval()


def alone(shape: tuple[int, ...], spec: LayerSpec) -> Layer:
    """A layer without a network around it."""
    (size,) = sizes(shape, wire([spec]))
    ann = Architecture(input_shape=shape, outputs=1, layers=[spec], steps=1, activation=Relu(), norm=None)
    return Layer(Node(spec, -1), size, ann, 0.0)


def some(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in the default precision: images, frames, currents."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.get_default_dtype())


def split(*names: object, samples: int, shape: tuple[int, ...] = (1, 8, 8), kind: type[Samples] = Samples) -> Samples:
    """Images of 17 grey levels, fixed by `names`, of three classes in turn."""
    x_NCHW = torch.randint(17, (samples, *shape), generator=seeds.generator(*names), dtype=torch.uint8)
    return kind(x_NCHW, torch.arange(samples) % 3, torch.tensor([8.0]), torch.tensor([5.0]))
