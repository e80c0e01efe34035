"""The spiking neuron: one operator, forward and backward written out, state passed in and out.

Legend of the package: T steps, B batch, C channels, H W space, K classes (or outputs), N any neuron axes. Time first.
Names of tensors that cross a function end in their axes: x_TBCHW. Equations: `spec.Neuron`.

The backward pass is back-propagation through time. It includes the reset unless the neuron detaches it. With h the
surrogate, or the derivative of a smooth spike:

    g_u[t] = g_s[t] h(u[t]) + g_v[t] dv[t]/du[t],      g_x[t] = g_v[t-1] = g_u[t]
    dv/du  = decay (1 - s) - decay u h(u)              reset "zero"; detached: decay (1 - s)
             decay - threshold h(u)                    reset "subtract"; detached: decay

Where hardware loses a spike, s and h are both zero: the neuron neither sends nor resets. The backward pass uses nominal
constants, since the constants of a chip's own neurons are hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from snn.model.spec import Neuron


@dataclass(frozen=True)
class Silicon:
    """Deviations of one layer of one chip from ideal hardware.

    `decay_N`, `threshold_N`: constants of its neurons. The other fields are functions that draw again at every call:
    `inputs` maps x_TBX and `currents` z_TBN to disturbed values; `keep` returns 1 for spikes that are sent and 0 for
    lost ones, in the shape of its argument; `slope` returns factors on the surrogate.
    """

    decay_N: Tensor | None = None
    threshold_N: Tensor | None = None
    inputs: tuple[Callable[[Tensor], Tensor], ...] = ()
    currents: tuple[Callable[[Tensor], Tensor], ...] = ()
    keep: tuple[Callable[[Tensor], Tensor], ...] = ()
    slope: tuple[Callable[[Tensor], Tensor], ...] = ()


IDEAL = Silicon()


def fire(x_TBN: Tensor, neuron: Neuron, v_BN: Tensor | None = None, silicon: Silicon = IDEAL) -> tuple[Tensor, Tensor]:
    """Currents to spikes: returns (s_TBN, v_BN), with v the membrane for the next chunk of time.

    Chunks give the same as the whole. Gradients reach x and the v passed in.
    """
    decay = neuron.decay if silicon.decay_N is None else silicon.decay_N
    threshold = neuron.threshold if silicon.threshold_N is None else silicon.threshold_N
    keep_TBN = prod(keep(x_TBN) for keep in silicon.keep) if silicon.keep else None
    if v_BN is None:
        v_BN = x_TBN.new_zeros(x_TBN.shape[1:])
    return _Fire.apply(x_TBN, v_BN, neuron, decay, threshold, keep_TBN, silicon.slope)


def surrogate(u: Tensor, s: Tensor, neuron: Neuron, threshold: float | Tensor) -> Tensor:
    """The surrogate h for the derivative ds/du of a spike by its membrane potential, any shape."""
    if neuron.smooth is not None:
        return neuron.smooth * s * (1 - s)
    distance = (u - threshold).abs_()
    if neuron.surrogate == "rectangle":
        return distance.lt_(neuron.width).mul_(neuron.height)
    return distance.mul_(-neuron.height / neuron.width).add_(neuron.height).clamp_(min=0)


class _Fire(torch.autograd.Function):
    """A loop over steps, so that one step stays in the cache; comparisons write 0 and 1 directly into floats."""

    @staticmethod
    def forward(
        ctx: Any,
        x_TBN: Tensor,
        v_BN: Tensor,
        neuron: Neuron,
        decay: float | Tensor,
        threshold: float | Tensor,
        keep_TBN: Tensor | None,
        slope: tuple[Callable[[Tensor], Tensor], ...],
    ) -> tuple[Tensor, Tensor]:
        u_TBN, s_TBN = torch.empty_like(x_TBN), torch.empty_like(x_TBN)
        compare = torch.gt if neuron.fires == "above" else torch.ge
        for t in range(len(x_TBN)):
            u_BN = torch.add(v_BN, x_TBN[t], out=u_TBN[t])
            if neuron.smooth is None:
                s_BN = compare(u_BN, threshold, out=s_TBN[t])
            else:
                s_BN = torch.sigmoid(neuron.smooth * (u_BN - threshold), out=s_TBN[t])
            if keep_TBN is not None:
                s_BN *= keep_TBN[t]
            v_BN = u_BN * decay
            if neuron.reset == "zero":
                v_BN.addcmul_(v_BN, s_BN, value=-1)
            else:
                v_BN -= s_BN * threshold
        ctx.save_for_backward(u_TBN, s_TBN)
        ctx.constants = neuron, keep_TBN, slope
        return s_TBN, v_BN

    @staticmethod
    def backward(ctx: Any, g_s_TBN: Tensor, g_v_BN: Tensor) -> Any:
        u_TBN, s_TBN = ctx.saved_tensors
        neuron, keep_TBN, slope = ctx.constants
        decay, threshold = neuron.decay, neuron.threshold  # nominal: learning does not know a chip's own neurons
        factors = [factor(u_TBN) for factor in slope] + ([] if keep_TBN is None else [keep_TBN])
        g_x_TBN = torch.empty_like(u_TBN)
        for t in reversed(range(len(u_TBN))):
            u_BN, s_BN = u_TBN[t], s_TBN[t]
            h_BN = surrogate(u_BN, s_BN, neuron, threshold)
            for factor_TBN in factors:
                h_BN *= factor_TBN[t]
            if neuron.reset == "zero":
                dv_du_BN = 1 - s_BN
                if not neuron.detach_reset:
                    dv_du_BN.addcmul_(u_BN, h_BN, value=-1)
                dv_du_BN *= decay
            else:
                dv_du_BN = decay if neuron.detach_reset else decay - h_BN * threshold
            g_v_BN = torch.mul(g_s_TBN[t], h_BN, out=g_x_TBN[t]).add_(g_v_BN * dv_du_BN)
        return g_x_TBN, g_v_BN, None, None, None, None, None
