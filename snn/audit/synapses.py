"""Layers of a foreign network: synapses and pools, as the functions of torch that they call."""

from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.audit.call import Call
from snn.audit.frameworks import tensors
from snn.audit.signals import Current, Numbers, Signal, Spikes, Unread
from snn.audit.tally import windows


def linear(call: Call) -> Signal:
    """Every input reaches all outputs."""
    x, weight = call.argument(0, "input"), call.argument(1, "weight")
    layer, signal = call.layer(weight, "linear", (len(weight),)), call.into_synapses()
    x_RX = x.reshape(-1, x.shape[-1])
    layer.receive(x_RX, signal, torch.full(x_RX.shape[1:], len(weight), dtype=torch.float64))
    layer.dense_padded += len(x_RX) * weight.numel()
    return _current(signal)


def convolution(call: Call) -> Signal:
    """The fan-out of a position is the transpose of the convolution, applied to ones."""
    x, weight = call.argument(0, "input"), call.argument(1, "weight")
    axes, transposed = weight.dim() - 2, "transpose" in call.name
    names = ("stride", "padding", *(("output_padding", "groups", "dilation") if transposed else ("dilation", "groups")))
    options = {name: call.argument(i, name) for i, name in enumerate(names, start=3)}
    options = {name: value for name, value in options.items() if value is not None}
    groups, kernel = options.pop("groups", 1), tuple(weight.shape[2:])
    ones, key = torch.ones(1, 1, *kernel, dtype=torch.float64), (call.name, kernel, repr(options))
    space = windows(lambda x_11X: call.function(x_11X, ones, **options), tuple(x.shape[-axes:]), key)
    outputs, inputs = (
        (weight.shape[1], len(weight) // groups) if transposed else (len(weight) // groups, weight.shape[1])
    )
    batched = x.dim() == axes + 2
    shape, x_RX = tuple(call.result.shape[batched:]), x if batched else x[None]
    layer, signal = call.layer(weight, call.name, shape), call.into_synapses()
    layer.receive(x_RX, signal, (outputs * space).expand(x_RX.shape[1:]))
    layer.dense_padded += len(x_RX) * prod(shape) * inputs * prod(kernel)
    return _current(signal)


def _current(signal: Signal) -> Current:
    return Current(constant=isinstance(signal, Numbers | Current) and signal.constant)


def average_pool(call: Call) -> Signal:
    """An average pool is linear: a spike counts once in every window that it falls into."""
    signal = call.signals[0]
    if not isinstance(signal, Spikes):
        call.note(f"{call.place}: additions of an average pool over numbers")
        return signal
    if call.name.startswith("adaptive"):
        return Spikes(_adaptive(call, signal.events_X), pooled=True)
    if call.name.startswith("lp"):
        if call.argument(1, "norm_type") != 1:
            return Unread("a pool of a norm other than 1")
        kernel, stride = call.argument(2, "kernel_size"), call.argument(3, "stride")
        padding, ceil = 0, call.argument(4, "ceil_mode", False)
    else:
        kernel, stride = call.argument(1, "kernel_size"), call.argument(2, "stride")
        padding, ceil = call.argument(3, "padding", 0), call.argument(4, "ceil_mode", False)
    return Spikes(_sums(signal.events_X, int(call.name[-2]), kernel, stride or kernel, padding, ceil), pooled=True)


def _sums(events_X: Tensor, axes: int, kernel: Any, stride: Any, padding: Any, ceil: bool) -> Tensor:
    """Sums over windows; torch has no divisor for a pool along one axis, so that one becomes two."""
    kernel, stride, padding = (
        tuple(n) if isinstance(n, list | tuple) else (n,) * axes for n in (kernel, stride, padding)
    )
    if axes == 1:
        flat_X = events_X.unsqueeze(-2)
        return F.avg_pool2d(flat_X, (1, *kernel), (1, *stride), (0, *padding), ceil, True, 1).squeeze(-2)
    pool = F.avg_pool3d if axes == 3 else F.avg_pool2d
    return pool(events_X, kernel, stride, padding, ceil, True, 1)


def _adaptive(call: Call, events_X: Tensor) -> Tensor:
    axes = int(call.name[-2])
    for axis in range(-axes, 0):
        size, windows = events_X.shape[axis], call.result.shape[axis]
        if size % windows:
            call.refuse("has windows of unequal sizes", "use avg_pool")
        events_X = events_X.unflatten(axis, (windows, size // windows)).sum(axis)
    return events_X


def max_pool(call: Call) -> Signal:
    """A max pool is not linear: spikes are counted behind it, and it costs one compare per input."""
    signal, x = call.signals[0], next(tensors(call.args))
    if not isinstance(call.result, Tensor):
        call.refuse("returns indices", "leave them out")
    call.layer(None, call.name, tuple(call.result.shape[1:])).compares += x.numel()
    if not isinstance(signal, Spikes):
        return signal
    return Unread("a max pool over pooled spikes") if signal.pooled else Spikes(call.of_events())
