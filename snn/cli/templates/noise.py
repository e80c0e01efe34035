"""Template: what happens to a chip, in one sentence.

    w -> w (1 + sigma e),  e ~ N(0, 1), drawn once per chip

Source: authors, where and when.
"""

from typing import Annotated

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model

# A plan reads this file and must not wait for torch: what needs it comes from `lazy` and is imported at its first use.
torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`sigma`: relative standard deviation. These are the keys of `options` in params/noise/template.yaml."""

    sigma: Annotated[float, Field(ge=0)]


def disturb(network, options, foundry):
    """Turn a copy of a clean network into a chip, in place.

    Draws come from the foundry, by layer and name: they are the same at every level, and no calibrator sees them.
    """
    for i, layer in enumerate(network.layers):
        if layer.programmable:
            weight = layer.op.weight.detach()
            drawn = torch.as_tensor(foundry.normal(i, "template", tuple(weight.shape)))
            gain = chip.laid_as(weight, 1 + options.sigma * drawn).float()
            chip.program_through(layer.op, "weight", gain.__mul__)  # the chip computes with what this returns
