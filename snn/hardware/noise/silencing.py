"""Lost spikes and dead neurons.

    spikes    each spike is kept with probability 1 - p, drawn again for every neuron, sample and step
    neurons   each neuron is dead with probability p, permanently

A neuron whose spike is lost does not reset and can fire at the next step. No gradient passes where a spike is lost. The
read-out is not silenced. Source: the released code of Yang et al., NeurIPS 2022, deletes spikes; dead neurons are ours.
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`p`: probability that a spike is lost, or that a neuron is dead.
    `silences`: spikes, drawn again at every step, or neurons, for good.
    """

    p: Annotated[float, Field(ge=0, le=1)]
    silences: Literal["spikes", "neurons"]


def disturb(network, options, foundry):
    """See the module."""
    device = next(network.parameters()).device
    for i, layer in enumerate(network.layers[:-1]):
        if not layer.fires:
            continue
        if options.silences == "spikes":
            chip.set_silicon(layer, keep=(_Kept(options.p, foundry.generator(i, "lost spikes", device)),))
        else:
            alive_N = foundry.uniform(i, "dead neurons", layer.output_shape) >= options.p
            chip.set_silicon(layer, keep=(_Alive(torch.as_tensor(alive_N, device=device)),))


class _Kept:
    def __init__(self, p, generator):
        self.p, self.generator = p, generator

    def __call__(self, like):
        drawn = torch.rand(like.shape, generator=self.generator, device=like.device, dtype=like.dtype)
        return drawn.ge_(self.p)


class _Alive:
    def __init__(self, alive_N):
        self.alive_N = alive_N

    def __call__(self, like):
        return self.alive_N.to(like.dtype).expand_as(like)
