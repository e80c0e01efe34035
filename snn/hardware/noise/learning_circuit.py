"""An inexact learning circuit: the surrogate is multiplied by 1 + sigma e.

e ~ N(0, 1), fresh for every neuron, sample, step and backward pass. Inference is unchanged. Source: the compiled code
of Yang et al., NeurIPS 2022, which combines it with mismatch.
"""

from typing import Annotated

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`sigma`: relative to the surrogate."""

    sigma: Annotated[float, Field(ge=0)]


def disturb(network, options, foundry):
    """See the module."""
    device = next(network.parameters()).device
    for i, layer in enumerate(network.layers):
        if layer.fires:
            generator = foundry.generator(i, "learning circuit", device)
            chip.set_silicon(layer, slope=(_Factor(options.sigma, generator),))


class _Factor:
    def __init__(self, sigma, generator):
        self.sigma, self.generator = sigma, generator

    def __call__(self, u_TBN):
        drawn = torch.randn(u_TBN.shape, generator=self.generator, device=u_TBN.device, dtype=u_TBN.dtype)
        return drawn.mul_(self.sigma).add_(1)
