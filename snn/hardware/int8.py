"""A network in 8-bit integers, quantised after training, as an accelerator for ANNs would run it.

Weights: 8 bits with one step per output channel, see `noise/quantisation`. Activations of an ANN: 255 steps per layer,
from 0 to the largest one on training samples. Spikes are bits already, and images come in 8 bits.
"""

import torch
from torch import Tensor

from snn.hardware import chip
from snn.hardware.noise import quantisation
from snn.model.network import Network
from snn.model.spec import Relu

BITS = 8


@torch.no_grad()
def quantised(clean: Network, sample: Tensor) -> Network:
    """The quantised network; `sample` are training inputs that set the range of activations."""
    options = quantisation.Options(bits=BITS, per="channel")
    made = chip.manufacture(clean, [(quantisation, options)], 0).network
    if isinstance(clean.architecture.activation, Relu):
        for layer, (_, a_TBN) in zip(made.layers, clean.walk(clean.encode(sample)), strict=True):
            top = float(a_TBN.max())
            if isinstance(layer.activation, Relu) and layer.activation.levels is None and top > 0:
                layer.activation = Relu(clip=top, levels=2**BITS - 1)
    return made
