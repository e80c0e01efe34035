"""Device mismatch: no two devices are alike, and none changes.

    w -> w (1 + sigma e)   element by element; likewise biases and thresholds
    tau -> |tau (1 + sigma e)|   per neuron, where decay = exp(-1 / tau); a neuron that does not leak has no tau

e ~ N(0, 1), drawn once per chip. Source: Yang et al., NeurIPS 2022 (weights, biases and one tau for the whole network,
no thresholds); Buechel et al., Sci. Rep. 2021.
"""

import functools
from typing import Annotated, Literal

from pydantic import Field, field_validator

from snn.core.lazy import lazy
from snn.core.strict import Many, Model

torch = lazy("torch")
chip = lazy("snn.hardware.chip")


class Options(Model):
    """`disturbs`: which kinds of parameters. `one_tau`: the same factor for every neuron of the chip.

    `permanent`: false multiplies weights and biases once; then any value can be programmed. The released code
    does so: there mismatch is only a bad start.
    `sigma`: relative standard deviation.
    """

    sigma: Annotated[float, Field(ge=0)]
    disturbs: Annotated[Many[Literal["weight", "bias", "tau", "threshold"]], Field(min_length=1)]
    one_tau: bool = False
    permanent: bool = True

    @field_validator("disturbs")
    @classmethod
    def _each_once(cls, disturbs):
        if len(set(disturbs)) < len(disturbs):
            raise ValueError("names something twice")
        return disturbs


def disturb(network, options, foundry):
    """See the module."""
    device = next(network.parameters()).device
    factor = functools.partial(_factor, foundry, options.sigma, device)
    for i, layer in enumerate(network.layers):
        values = dict(_parameters(layer))
        for parameter in sorted(values.keys() & set(options.disturbs)):
            gain = chip.laid_as(values[parameter], factor(i, parameter, tuple(values[parameter].shape)).float())
            if options.permanent:
                chip.program_through(layer.op, parameter, gain.__mul__)
            else:
                chip.programmed(layer, parameter).data.mul_(gain)
        if layer.fires:
            decay, threshold = _constants(layer, device)
            if "tau" in options.disturbs and ((decay > 0) & (decay < 1)).any():
                gain_N = factor(-1, "tau", ()) if options.one_tau else factor(i, "tau", layer.output_shape)
                decay_N = torch.pow(decay, 1 / gain_N.abs())  # exp(-1 / (tau gain)), and exactly decay where gain is 1
                chip.set_silicon(layer, decay_N=decay_N.float())
            if "threshold" in options.disturbs:
                threshold_N = factor(i, "threshold", layer.output_shape).abs() * threshold
                chip.set_silicon(layer, threshold_N=threshold_N.float())


def _constants(layer, device):
    """Decay and threshold: of the chip's neurons where set, else nominal."""
    pairs = (layer.silicon.decay_N, layer.activation.decay), (layer.silicon.threshold_N, layer.activation.threshold)
    return [torch.tensor(ideal, dtype=torch.float64, device=device) if own is None else own for own, ideal in pairs]


def _parameters(layer):
    for name in ("weight", "bias"):
        value = getattr(layer.op, name, None)
        if value is not None:
            yield name, value


def _factor(foundry, sigma, device, layer, parameter, shape):
    return torch.as_tensor(1 + sigma * foundry.normal(layer, parameter, shape), device=device)
