"""Thermal noise on inputs or membranes, fresh at every step.

    x[t] -> x[t] (1 + sigma e[t])           inputs of every layer but the read-out; without a spike no noise
    u[t] -> u[t] + sigma threshold e[t]     membranes, additive

e ~ N(0, 1), fresh for every element, sample and step. In the released code the disturbed image replaces the image, so
that its noise compounds: x[t] = x[0] prod_{k<=t} (1 + sigma e[k]). Source: the compiled code of Yang et al., NeurIPS
2022; additive membrane noise is ours.
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`compounds`: the noise of the image is multiplied over the steps.
    `sigma`: standard deviation, relative to the inputs, or of what is added to membranes. `on`: inputs or membranes.
    """

    sigma: Annotated[float, Field(ge=0)]
    on: Literal["inputs", "membranes"]
    compounds: bool = False


def disturb(network, options, foundry):
    """See the module. At sigma 0 nothing is multiplied: a constant image stays one tensor that all steps share."""
    if not options.sigma:
        return
    device = next(network.parameters()).device
    if options.on == "membranes":
        for i, layer in enumerate(network.layers):
            if layer.fires:
                draw = foundry.generator(i, "membrane noise", device)
                chip.set_silicon(layer, currents=(_Added(options.sigma * layer.activation.threshold, draw),))
        return
    network.sensor = _Multiplied(options.sigma, foundry.generator(-1, "image noise", device), options.compounds)
    for i, layer in enumerate(network.layers[:-1]):
        if layer.programmable and layer.source >= 0:
            noise = _Multiplied(options.sigma, foundry.generator(i, "input noise", device))
            chip.set_silicon(layer, inputs=(noise,))


class _Multiplied:
    def __init__(self, sigma, generator, compounds=False):
        self.sigma, self.generator, self.compounds = sigma, generator, compounds

    def __call__(self, x_TBX):
        gain_TBX = _fresh(x_TBX, self.generator).mul_(self.sigma).add_(1)
        return x_TBX * (gain_TBX.cumprod(0) if self.compounds else gain_TBX)


class _Added:
    def __init__(self, sigma, generator):
        self.sigma, self.generator = sigma, generator

    def __call__(self, z_TBN):
        return z_TBN + _fresh(z_TBN, self.generator).mul_(self.sigma)


def _fresh(x, generator):
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
