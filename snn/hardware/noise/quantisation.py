"""Weights stored with few bits, on a symmetric grid.

    w -> round(clamp(w / step, -n, n)) step,   step = max |w| / n,   n = 2^(bits - 1) - 1

max over a tensor or over the synapses of an output channel, in the clean network: a chip keeps its grid when it is
programmed again. The programmed value stays a float. Its gradient ignores the rounding but not the clamp. `bits: null`
is the identity. Source: bits and layers from the released code of Yang et al., NeurIPS 2022 (offline without the
read-out, online with it); the quantiser, which is not released, is ours.
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`per`: weights that share a step. `readout`: whether the last layer is quantised too. Biases are not.
    `bits`: per weight, its sign included; null does not quantise.
    """

    bits: Annotated[int, Field(ge=2, le=16)] | None
    per: Literal["tensor", "channel"]
    readout: bool = True


def disturb(network, options, foundry):
    """See the module."""
    if options.bits is None:
        return
    n = 2 ** (options.bits - 1) - 1
    for layer in network.layers if options.readout else network.layers[:-1]:
        if layer.programmable:
            weight = layer.op.weight.detach()
            axes = tuple(range(0 if options.per == "tensor" else 1, weight.dim()))
            chip.program_through(layer.op, "weight", _Grid(weight.abs().amax(axes, keepdim=True).double(), n))


class _Grid:
    """A known effect, since it has a `slope`."""

    def __init__(self, largest, n):
        self.largest, self.n = largest, n

    def __call__(self, w):
        """In float64 the largest value is exact, so that rounding twice equals rounding once, to the bit."""
        largest = self.largest.expand_as(w)
        unit = largest.clamp(min=torch.finfo(torch.float32).tiny)
        return ((w.double().clamp(-largest, largest) * self.n / unit).round() * unit / self.n).to(w.dtype)

    def slope(self, w):
        """1 inside the range, 0 beyond."""
        return (w.double().abs() <= self.largest).to(w.dtype)
