"""Rate curves: how often a neuron fires under a constant current. Tandem learning uses them as activation functions.

With I the current of a step, T steps and z = T I, an integrate-and-fire neuron (decay 1, soft reset) fires floor(z /
threshold) times for 0 <= z <= T threshold. A leaky one (decay d) fires

    z / threshold - T (1 - d), from 0 to T                       reset "subtract"
    T / k,  k = ln( u / (u - threshold) ) / ln(1/d) >= 1         reset "zero", towards u = I / (1 - d) > threshold

The first passes through the staircase of a simulation: it is the integrate-and-fire count minus the leak at the
threshold. With a hard reset a neuron fires after whole steps only; the second is the upper envelope of its staircase
(docs/rate_curve.svg). Source: derived here from `spec.Neuron`; `released` from the authors' compiled code.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.model.spec import Neuron


def count(z: Tensor, neuron: Neuron, steps: int) -> Tensor:
    """Expected spikes in `steps` steps for a total current z, any shape; integrate-and-fire does not saturate."""
    d, threshold = neuron.decay, neuron.threshold
    if d == 1:
        return z.clamp(min=0) / threshold
    if neuron.reset == "subtract":
        return (z / threshold - steps * (1 - d)).clamp(0, steps)
    u = z / (steps * (1 - d))
    beyond = (u - threshold).clamp(min=torch.finfo(u.dtype).tiny)
    interval = torch.log(u.clamp(min=threshold) / beyond) / -math.log(d)
    return torch.where(u > threshold, steps / interval.clamp(min=1), 0.0)


def slope(z: Tensor, neuron: Neuron, steps: int) -> Tensor:
    """Difference quotient of `count` over a window of one threshold, in spikes per unit of total current.

    A count does not resolve finer currents, and the derivative of the curve has a pole where firing starts.
    """
    half = neuron.threshold / 2
    return (count(z + half, neuron, steps) - count(z - half, neuron, steps)) / neuron.threshold


def released(z: Tensor, neuron: Neuron, steps: int) -> Tensor:
    """The activation of the authors' code for leaky neurons: T / (tau ln(1 + threshold / softplus(I - threshold)))."""
    tau, current = -1 / math.log(neuron.decay), z.clamp(min=0) / steps
    return steps / (tau * torch.log1p(neuron.threshold / F.softplus(current - neuron.threshold)))
