"""Layers as nodes of a graph: which layer feeds which, which have neurons, and closed-form sizes. No torch.

A node takes the output of node `source` (-1 is the network's input), adds the output of node `addend` to its current if
there is one, and fires if it has neurons. A residual block becomes

    add "currents"   [shortcut,] convolutions, the last of them with the shortcut (or the block's input) as its addend
    add "spikes"     [shortcut,] convolutions, Add
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from snn.core.strict import Shape
from snn.model.spec import Add, Architecture, AvgPool, Block, Conv, LayerSpec, Linear, MaxPool, NeuNorm

Placed = Conv | Linear | AvgPool | MaxPool | Add | NeuNorm  # layers after blocks are expanded


class Node(NamedTuple):
    """A layer with its inputs in the graph, by the indices of nodes."""

    layer: Placed
    source: int
    addend: int | None = None
    neurons: bool = False
    summed: bool = False  # its current is one of two that are added

    @property
    def inputs(self) -> tuple[int, ...]:
        """The nodes whose outputs it reads."""
        return (self.source,) if self.addend is None else (self.source, self.addend)


class Size(NamedTuple):
    """Closed-form size of one node, per sample and step.

    Parameters are weights, biases and U of NeuNorm, without the parameters of norms. `macs_padded` counts every output
    times its whole receptive field, as papers print it. `macs` leaves out the taps that fall on padding.
    """

    input_shape: Shape
    output_shape: Shape
    parameters: int
    macs: int
    macs_padded: int


def nodes(architecture: Architecture) -> tuple[Node, ...]:
    """The nodes of a network, the read-out last."""
    outputs = architecture.outputs * architecture.readout.voters
    *hidden, readout = with_readout(architecture.layers, outputs, architecture.neunorm)
    return (*hidden, readout._replace(neurons=architecture.readout.kind != "current"))


def with_readout(layers: Sequence[LayerSpec], outputs: int, neunorm: NeuNorm | None = None) -> tuple[Node, ...]:
    """The nodes of hidden layers, followed by a linear layer with this number of outputs."""
    hidden = wire(layers, neunorm)
    return (*hidden, Node(Linear(linear=outputs, norm=False), len(hidden) - 1))


def wire(layers: Sequence[LayerSpec], neunorm: NeuNorm | None = None) -> tuple[Node, ...]:
    """The nodes of hidden layers; `neunorm` follows each convolution whose spikes go to another convolution.

    Raises ValueError for a first block without a shortcut layer.
    """
    placed: list[Node] = []
    for i, layer in enumerate(layers):
        source = len(placed) - 1
        if isinstance(layer, Block):
            _block(layer, placed)
            continue
        placed.append(Node(layer, source, neurons=isinstance(layer, Conv | Linear)))
        following = next((other for other in layers[i + 1 :] if isinstance(other, Conv | Linear | Block)), None)
        if neunorm and isinstance(layer, Conv) and isinstance(following, Conv):
            placed.append(Node(neunorm, source + 1))
    return tuple(placed)


def _block(block: Block, placed: list[Node]) -> None:
    entry = shortcut = len(placed) - 1
    if entry < 0 and not block.shortcut:
        raise ValueError("a block without a shortcut layer needs a layer before it, whose spikes it adds")
    fires = block.add == "spikes"
    if block.shortcut:
        placed.append(Node(block.shortcut, entry, neurons=fires, summed=not fires))
        shortcut = len(placed) - 1
    source = entry
    for conv in block.block[:-1]:
        placed.append(Node(conv, source, neurons=True))
        source = len(placed) - 1
    if fires:
        placed.append(Node(block.block[-1], source, neurons=True))
        placed.append(Node(Add(), len(placed) - 1, shortcut))
    else:
        placed.append(Node(block.block[-1], source, shortcut, neurons=True, summed=True))


def biased(layers: Sequence[LayerSpec]) -> tuple[LayerSpec, ...]:
    """The same layers, with a bias wherever folding a norm creates one."""
    return tuple(map(_biased, layers))


def _biased(layer: LayerSpec) -> LayerSpec:
    if isinstance(layer, Block):
        shortcut = layer.shortcut and _biased(layer.shortcut)
        return layer.model_copy(update={"block": biased(layer.block), "shortcut": shortcut})
    return layer.model_copy(update={"bias": True}) if isinstance(layer, Conv | Linear) and layer.norm else layer


def sizes(input_shape: Shape, placed: Sequence[Node]) -> list[Size]:
    """Shapes, parameters and multiply-accumulates of every node; raises ValueError naming a layer that does not fit."""
    found: list[Size] = []
    for number, node in enumerate(placed, start=1):
        shapes = [input_shape if i < 0 else found[i].output_shape for i in node.inputs]
        try:
            size = _size(shapes[0], node.layer)
            if node.addend is not None and shapes[1] != size.output_shape:
                raise ValueError(f"its shortcut has shape {shapes[1]}, its output {size.output_shape}")
        except ValueError as error:
            raise ValueError(
                f"layer {number} ({node.layer!r}) does not fit an input of shape {shapes[0]}: {error}"
            ) from None
        found.append(size)
    return found


def _size(shape: Shape, layer: Placed) -> Size:
    if isinstance(layer, Linear):
        macs = prod(shape) * layer.linear
        return Size(shape, (layer.linear,), macs + layer.linear * layer.bias, macs, macs)
    if isinstance(layer, Add):
        return Size(shape, shape, 0, 0, 0)
    if len(shape) != 3:
        raise ValueError("it needs an input (C, H, W)")
    channels, *space = shape
    if isinstance(layer, NeuNorm):
        macs = prod(shape) + prod(space)  # U x at every position of every map, decay x at every position
        return Size(shape, shape, prod(space) if layer.shared else prod(shape), macs, macs)
    if isinstance(layer, Conv):
        if channels % layer.groups or layer.conv % layer.groups:
            raise ValueError(f"{layer.groups} groups do not divide {channels} and {layer.conv} channels")
        out = _windows(space, layer.kernel, layer.stride, layer.padding)
        fan_in = channels // layer.groups
        taps = prod(_taps(n, layer.kernel, layer.stride, layer.padding) for n in space)
        parameters = layer.conv * (fan_in * layer.kernel**2 + layer.bias)
        padded = layer.conv * fan_in * layer.kernel**2 * prod(out)
        return Size(shape, (layer.conv, *out), parameters, layer.conv * fan_in * taps, padded)
    return Size(shape, (channels, *_pooled(space, layer)), 0, 0, 0)


def _pooled(space: Sequence[int], pool: AvgPool | MaxPool) -> list[int]:
    if isinstance(pool, MaxPool):
        if 2 * pool.padding > pool.max_pool:
            raise ValueError("padding is more than half the kernel")
        return _windows(space, pool.max_pool, pool.stride or pool.max_pool, pool.padding)
    return [1, 1] if pool.avg_pool == "global" else _windows(space, pool.avg_pool, pool.avg_pool, 0)


def _windows(space: Sequence[int], kernel: int, stride: int, padding: int) -> list[int]:
    out = [(n + 2 * padding - kernel) // stride + 1 for n in space]
    if min(out) < 1:
        raise ValueError("its output would be empty")
    return out


def _taps(n: int, kernel: int, stride: int, padding: int) -> int:
    """The number of pairs (output, tap) along one axis, without taps on the padding.

    Tap k of output i lies at i stride + k - padding, and counts if that is in 0 to n - 1.
    """
    (outputs,) = _windows([n], kernel, stride, padding)
    found = 0
    for before in range(padding, padding - kernel, -1):  # the tap lies so far before i stride
        first, last = max(-(-before // stride), 0), min((n - 1 + before) // stride, outputs - 1)
        found += max(last - first + 1, 0)
    return found
