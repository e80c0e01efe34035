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
from typing import Any

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


def released_slope(z: Tensor, neuron: Neuron, steps: int) -> Tensor:
    """The derivative of `released` by z."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(released(z, neuron, steps).sum(), z)
    return slope


def coupled(count_BN: Tensor, z_BN: Tensor, slope_BN: Tensor | None) -> Tensor:
    """The value of a count with the gradient `slope_BN` by the total current z_BN; by default the gradient is 1."""
    return _Coupled.apply(count_BN, z_BN, slope_BN)


class _Coupled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, count_BN: Tensor, z_BN: Tensor, slope_BN: Tensor | None) -> Tensor:
        ctx.save_for_backward(slope_BN)
        return count_BN.view_as(count_BN)

    @staticmethod
    def backward(ctx: Any, g_BN: Tensor) -> Any:
        (slope_BN,) = ctx.saved_tensors
        return None, g_BN if slope_BN is None else g_BN * slope_BN, None
