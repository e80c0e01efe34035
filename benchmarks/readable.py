"""The neuron of `snn.model.spec.Neuron` as a plain loop over steps that torch differentiates by itself.

It is the candidate "plain loop", and what `snn.model.neuron.fire` has to equal: spikes bit for bit, whatever code makes
them. `definition` is the same for whole networks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from snn.model.neuron import IDEAL, Silicon
from snn.model.spec import Neuron


class Spike(torch.autograd.Function):
    """s = 1 if the distance d of a membrane from its threshold is positive (or not negative), with h(d) as ds/dd."""

    @staticmethod
    def forward(ctx: Any, d: Tensor, neuron: Neuron) -> Tensor:
        """Spikes, in the type of d."""
        ctx.save_for_backward(d)
        ctx.neuron = neuron
        return (d > 0 if neuron.fires == "above" else d >= 0).to(d.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """The rectangle or the triangle."""
        (d,), neuron = ctx.saved_tensors, ctx.neuron
        if neuron.surrogate == "rectangle":
            g = g if neuron.height == 1 else g * neuron.height  # snnTorch uses this too: no product for nothing
            return g * (d.abs() < neuron.width).to(d.dtype), None
        return g * (neuron.height - neuron.height / neuron.width * d.abs()).clamp(min=0), None


def loop(
    x_TBN: Tensor, neuron: Neuron, v_BN: Tensor | None = None, silicon: Silicon = IDEAL, steps: int | None = None
) -> tuple[Tensor, Tensor]:
    """Currents to spikes, with the arguments and results of `snn.model.neuron.fire`; ideal neurons only.

    A current of one step is that of all `steps`.
    """
    if silicon != IDEAL or neuron.smooth is not None:
        raise ValueError("the plain loop knows ideal spiking neurons only")
    if steps is not None and len(x_TBN) == 1:
        x_TBN = x_TBN.expand(steps, *x_TBN.shape[1:])
    v_BN = torch.zeros_like(x_TBN[0]) if v_BN is None else v_BN
    s_TBN = []
    for x_BN in x_TBN:
        u_BN = v_BN + x_BN
        s_BN = Spike.apply(u_BN - neuron.threshold, neuron)
        fired_BN = s_BN.detach() if neuron.detach_reset else s_BN
        if neuron.reset == "zero":
            v_BN = u_BN * neuron.decay * (1 - fired_BN)
        else:
            v_BN = u_BN * neuron.decay - fired_BN * neuron.threshold
        s_TBN.append(s_BN)
    return torch.stack(s_TBN), v_BN


@contextmanager
def definition() -> Iterator[None]:
    """Within it networks compute what they are defined by: this loop, torch's convolutions, and no compiled code.

    Learning online, too, then runs the lines of `snn.model.imitation` that torch differentiates.
    """
    with (
        patch("snn.model.layer.fire", loop),
        patch("snn.model.layer.convolve", lambda op, s_bCHW: op(s_bCHW)),
        patch("snn.model.native.library", lambda dtype: None),
    ):
        yield
