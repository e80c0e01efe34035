"""Device mismatch: no two devices are alike, and none changes.

    w -> w (1 + level e)   element by element; likewise biases and thresholds
    tau -> |tau (1 + level e)|   a neuron, where decay = exp(-1 / tau); a neuron that does not leak has none

e ~ N(0, 1), drawn once a chip. Source: Yang et al., NeurIPS 2022 (weights and biases; one tau for the whole network,
and thresholds left alone there); Buechel et al., Sci. Rep. 2021.
"""

import functools
import math
from typing import Literal

from snn.lazy import lazy
from snn.noise import draw
from snn.spec import Many, Model

torch = lazy("torch")
hardware = lazy("snn.hardware")
neuron = lazy("snn.neuron")


class Options(Model):
    """`disturbs`: which kinds of parameters."""

    disturbs: Many[Literal["weight", "bias", "tau", "threshold"]]


def disturb(network, level, chip, options):
    """`level` is the standard deviation relative to the value."""
    for i, layer in enumerate(network.layers):
        factor = functools.partial(_factor, chip, i, level, next(network.parameters()).device)
        shapes = {name: value.shape for name, value in layer.op.named_parameters(recurse=False)}
        for parameter in shapes.keys() & set(options.disturbs):
            hardware.program_through(layer.op, parameter, factor(parameter, shapes[parameter]))
        if layer.fires:
            spec, decay_N, threshold_N = layer.activation, None, None
            if "tau" in options.disturbs and 0 < spec.decay < 1:
                tau_N = factor("tau", layer.output_shape).abs() * (-1 / math.log(spec.decay))
                decay_N = torch.exp(-1 / tau_N)
            if "threshold" in options.disturbs:
                threshold_N = factor("threshold", layer.output_shape).abs() * spec.threshold
            layer.silicon = neuron.Silicon(decay_N, threshold_N)


def _factor(chip, layer, level, device, parameter, shape):
    return torch.as_tensor(1 + level * draw(chip, layer, parameter, tuple(shape)), dtype=torch.float32, device=device)
