"""Stuck synapses: a share p of the weights of every layer has a fixed value, whatever is programmed.

    w -> 0, or +-max |w| of the layer with equal chance (the ends of the device's range)

The stuck synapses are drawn once per chip; at a higher level they include all of a lower level. A calibrator does not
know them, and its writes to them change nothing. Source: ours, after stuck-at faults of memristive arrays.
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`p`: the share that is stuck. `at`: at zero, or at the ends of the range."""

    p: Annotated[float, Field(ge=0, le=1)]
    at: Literal["zero", "range"]


def disturb(network, options, foundry):
    """See the module."""
    for i, layer in enumerate(network.layers):
        if layer.programmable:
            weight = layer.op.weight.detach()
            shape = tuple(weight.shape)
            drawn = torch.as_tensor(foundry.uniform(i, "stuck synapses", shape) < options.p)
            stuck = chip.laid_as(weight, drawn).bool()
            value = torch.zeros_like(weight)
            if options.at == "range":
                sign = torch.as_tensor(foundry.uniform(i, "stuck sign", shape) < 0.5, device=weight.device)
                value = chip.laid_as(weight, torch.where(sign, weight.abs().max(), -weight.abs().max()))
            chip.program_through(layer.op, "weight", _Stuck(stuck, value))


class _Stuck:
    def __init__(self, stuck, value):
        self.stuck, self.value = stuck, value

    def __call__(self, w):
        return torch.where(self.stuck, self.value, w)
