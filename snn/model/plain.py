"""The neuron in operations of torch, step by step: the definition that compiled forms equal bit by bit.

It runs where they do not: on devices and in types that they lack, without a compiler, and for smooth neurons. Tensors
are (steps, neurons), constants and membranes (neurons,). They are walked in blocks, so that a block with all its steps
stays in the cache.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from snn.model.layout import Layout
from snn.model.spec import Neuron

BLOCK = 1 << 17


class Plain:
    """See `neuron.Engine`."""

    name = "torch"

    def fire(self, neuron: Neuron, layout: Layout, steps: int, **tensors: Tensor | None) -> None:
        """Write spikes s, the membranes v_next, and u if it is given."""
        for block in _blocks(layout, tensors):
            v = _before(block)
            for t in range(steps):
                u, s, v = _step(neuron, t, block, v)
                block["s"][t] = s
                if "u" in block:
                    block["u"][t] = u
            block["v_next"].copy_(v)

    def learn(
        self, neuron: Neuron, layout: Layout, steps: int, factors: Sequence[Tensor], **tensors: Tensor | None
    ) -> None:
        """Write the gradients g_x, and g_v_before if it is given."""
        numbered = {f"factor {k}": factor for k, factor in enumerate(factors)}
        for block in _blocks(layout, tensors | numbered):
            passed, v = [], _before(block)
            for t in range(steps):
                u, s, v = _step(neuron, t, block, v)
                passed.append((u, s))
            g_v, g_x = block.get("g_v", torch.zeros_like(v)), []
            for t in reversed(range(steps)):
                h = surrogate(*passed[t], neuron)
                for k in numbered:
                    h *= block[k][t]
                g_s = _at(block["g_s"], t) if "g_s" in block else 0.0
                g_v = g_s * h + g_v * _kept(neuron, *passed[t], h)
                g_x.append(g_v)
            if len(block["g_x"]) < steps:
                g_x = [functools.reduce(torch.add, reversed(g_x))]
            for t, g in enumerate(reversed(g_x)):
                block["g_x"][t] = g
            if "g_v_before" in block:
                block["g_v_before"].copy_(g_v)


PLAIN = Plain()


def surrogate(u: Tensor, s: Tensor, neuron: Neuron) -> Tensor:
    """The surrogate h for the derivative ds/du of a spike by its membrane potential, any shape."""
    if neuron.smooth is not None:
        return neuron.smooth * s * (1 - s)
    distance = (u - neuron.threshold).abs_()
    if neuron.surrogate == "rectangle":
        return distance.lt_(neuron.width).mul_(neuron.height)
    return distance.mul_(-neuron.height / neuron.width).add_(neuron.height).clamp_(min=0)


def _before(block: Mapping[str, Tensor]) -> Tensor:
    """The membranes before the first step."""
    return block["v"] if "v" in block else torch.zeros_like(block["x"][0])


def _step(neuron: Neuron, t: int, block: Mapping[str, Tensor], v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Membranes v to membranes u before they reset, spikes s and membranes v after."""
    decay, threshold = block.get("decay", neuron.decay), block.get("threshold", neuron.threshold)
    u = v + _at(block["x"], t)
    if neuron.smooth is not None:
        s = torch.sigmoid(neuron.smooth * (u - threshold))
    else:
        s = ((u > threshold) if neuron.fires == "above" else (u >= threshold)).to(u.dtype)
    if "keep" in block:
        s *= block["keep"][t]
    v = u * decay
    if neuron.reset == "zero":
        return u, s, v - v * s
    return u, s, v - s * threshold


def _kept(neuron: Neuron, u: Tensor, s: Tensor, h: Tensor) -> Tensor | float:
    """dv/du, with nominal constants: learning does not know a chip's own neurons."""
    if neuron.reset == "subtract":
        return neuron.decay if neuron.detach_reset else neuron.decay - h * neuron.threshold
    kept = 1 - s if neuron.detach_reset else 1 - s - u * h  # not addcmul, whose rounding depends on the processor
    return kept * neuron.decay


def _at(tensor: Tensor, t: int) -> Tensor:
    """A step of a tensor, of which one may stand for all."""
    return tensor[t] if len(tensor) > 1 else tensor[0]


def _blocks(layout: Layout, tensors: Mapping[str, Tensor | None]) -> Iterator[dict[str, Tensor]]:
    flat = {name: layout.flat(tensor) for name, tensor in tensors.items() if tensor is not None}
    for first in range(0, layout.neurons, BLOCK):
        yield {name: tensor[..., first : first + BLOCK] for name, tensor in flat.items()}
