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

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

import torch
from torch import Tensor

from snn.core.lazy import lazy
from snn.model import native, plain
from snn.model.derivatives import first_only
from snn.model.layout import Layout
from snn.model.spec import Neuron

gpu = lazy("snn.model.gpu")  # it imports Triton, which jobs on a CPU do without


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


class Engine(Protocol):
    """A form of the neuron. Tensors are those of `_Fire`, all in one layout; a missing one is None.

    `s`, `u`, `v_next`, `g_x` and `g_v_before` are written, the others read. A current x, or a gradient g_s, of one step
    is that of all steps; a g_x of one step is the sum over all, in the order of time.
    """

    name: str

    def fire(self, neuron: Neuron, layout: Layout, steps: int, **tensors: Tensor | None) -> None:
        """Forward: x, v, keep, decay, threshold to s, v_next and, if wanted, the membranes u before they reset."""

    def learn(
        self, neuron: Neuron, layout: Layout, steps: int, factors: Sequence[Tensor], **tensors: Tensor | None
    ) -> None:
        """Backward: the same inputs, g_s, g_v and factors on the surrogate to g_x and, if wanted, g_v_before."""


def engine(dtype: torch.dtype, device: torch.device, smooth: bool = False) -> Engine:
    """The fastest form that runs neurons of this type here."""
    compiled: Engine | None = None
    if device.type == "cpu" and not smooth:
        compiled = native.library(dtype)
    elif device.type == "cuda" and not smooth and dtype in native.REALS and find_spec("triton"):
        compiled = gpu.engine()
    return compiled or plain.PLAIN


def name_of(device: torch.device) -> str:
    """The name of the form that spiking neurons in single precision have on a device: "c", "triton" or "torch"."""
    return engine(torch.float32, device).name


def fire(
    x_TBN: Tensor, neuron: Neuron, v_BN: Tensor | None = None, silicon: Silicon = IDEAL, steps: int | None = None
) -> tuple[Tensor, Tensor]:
    """Currents to spikes: returns (s_TBN, v_BN), with v the membrane for the next chunk of time.

    Chunks give the same as the whole. Gradients reach x and the v passed in. An x of one step is the current of all
    `steps`; its gradient is the sum over them.
    """
    steps = steps or len(x_TBN)
    shape = (steps, *x_TBN.shape[1:])
    keep = [keep(x_TBN.expand(shape)).expand(shape) for keep in silicon.keep]
    tensors = v_BN, functools.reduce(torch.mul, keep) if keep else None, silicon.decay_N, silicon.threshold_N
    return _Fire.apply(x_TBN, *tensors, neuron, silicon.slope, steps)


class _Fire(torch.autograd.Function):
    """Of the forward pass only the currents are kept: the backward pass computes membranes and spikes again."""

    @staticmethod
    def forward(
        ctx: Any,
        x_TBN: Tensor,
        v_BN: Tensor | None,
        keep_TBN: Tensor | None,
        decay_N: Tensor | None,
        threshold_N: Tensor | None,
        neuron: Neuron,
        slope: tuple[Callable[[Tensor], Tensor], ...],
        steps: int,
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        layout = Layout(x_TBN)
        read = {
            "x": layout.steps(x_TBN, repeats=True),
            "v": layout.step(v_BN),
            "keep": layout.steps(keep_TBN),
            "decay": layout.step(decay_N),
            "threshold": layout.step(threshold_N),
        }
        s_TBN, v_next_BN, u_TBN = layout.empty(steps), layout.empty(), layout.empty(steps) if slope else None
        form = engine(x_TBN.dtype, x_TBN.device, smooth=neuron.smooth is not None)
        form.fire(neuron, layout, steps, **read, s=s_TBN, u=u_TBN, v_next=v_next_BN)
        ctx.save_for_backward(*read.values(), u_TBN)
        ctx.call = neuron, slope, steps, layout, form, tuple(read)
        return s_TBN, v_next_BN

    @staticmethod
    @first_only
    def backward(ctx: Any, g_s_TBN: Tensor | None, g_v_BN: Tensor | None) -> Any:
        neuron, slope, steps, layout, form, names = ctx.call
        *saved, u_TBN = ctx.saved_tensors
        read = dict(zip(names, saved, strict=True))
        factors = [layout.steps(factor(u_TBN).expand(u_TBN.shape)) for factor in slope] + (
            [] if read["keep"] is None else [read["keep"]]
        )
        gradients = {"g_s": layout.steps(g_s_TBN, repeats=True), "g_v": layout.step(g_v_BN)}
        g_x_TBN, g_v_before_BN = layout.empty(len(read["x"])), layout.empty() if ctx.needs_input_grad[1] else None
        form.learn(neuron, layout, steps, factors, **read, **gradients, g_x=g_x_TBN, g_v_before=g_v_before_BN)
        return g_x_TBN, g_v_before_BN, None, None, None, None, None, None
