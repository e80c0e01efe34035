"""A step away from the trained weights in a random direction, to compare how flat minima are.

    w -> w + alpha d,   d = e |w| / |e|   filter by filter: the synapses of an output channel or of a neuron

e ~ N(0, 1), drawn once per chip. Every filter moves by the share alpha of its own norm, so that networks with larger
weights are not flatter for that; a filter of zeros stays. Biases do not move. Source: Li et al., Visualizing the loss
landscape of neural nets, NeurIPS 2018.
"""

from typing import Annotated

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`alpha`: the length of the step, relative to the norm of the filter."""

    alpha: Annotated[float, Field(ge=0)]


def disturb(network, options, foundry):
    """See the module."""
    for i, layer in enumerate(network.layers):
        if layer.programmable:
            weight = layer.op.weight.detach()
            e = torch.as_tensor(foundry.normal(i, "direction", tuple(weight.shape)), device=weight.device)
            d = e * _norm(weight.double()) / _norm(e)
            chip.program_through(layer.op, "weight", _Moved(chip.laid_as(weight, options.alpha * d)))


def _norm(values):
    """Of every filter, in the shape of the others."""
    return torch.linalg.vector_norm(values, dim=tuple(range(1, values.dim())), keepdim=True)


class _Moved:
    def __init__(self, step):
        self.step = step

    def __call__(self, w):
        return w + self.step
