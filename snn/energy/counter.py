"""Exact counts of the operations of one inference.

An event is what a layer receives: a spike, or a number of an analog frame. The source of an input, never its values,
decides whether a layer adds or multiplies. A spike of spiking neurons, or an event of frames declared binary, costs one
accumulate (AC) per synapse that it reaches. A number of an image, of a frame of counts, of an ANN's activation or of a
smooth neuron costs one multiply-accumulate (MAC) per synapse. With n[i] the spikes at position i over all steps and
F[i] the synapses that position i reaches (borders, strides and groups included):

    acs = sum_i n[i] F[i]       macs = sum_i F[i] at each step       dense_macs = sum_i F[i]

Average pooling and the adding of spikes are linear: spikes are counted before a pool, F covers pool and synapses, and a
position that receives two spikes counts two. Max pooling is not linear: spikes are counted behind it, and it costs one
compare per input and step. A shortcut without synapses costs one AC per spike that it adds to a membrane, or one per
number if it is analog. NeuNorm costs one AC per spike and, at every step, one MAC per position for U x and one per map
position for decay x; the layer behind it splits W (s - U x) into W s, by spikes, and W (U x), one MAC per synapse and
step. Biases are not counted, nor the weighted sum of the outputs over steps.

Only one count depends on values: `macs_nonzero`, a baseline for hardware that skips zeros among an ANN's activations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snn.model.graph import Size, nodes, sizes
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.spec import Add, AvgPool, Conv, Linear, MaxPool, NeuNorm, Neuron, Relu


@dataclass(frozen=True)
class Operations:
    """Operations of one layer, or their sum over a network: mean over samples, sum over all steps unless noted."""

    spikes: float  # emitted by its neurons
    neuron_updates: int  # neurons x steps
    acs: float
    macs_once: int  # if an analog input that is equal at all steps is multiplied only at the first
    macs_every_step: int  # if it is multiplied at every step
    macs_nonzero: float  # like macs_once, without those by activations of an ANN that are zero
    compares: int  # in max pools
    dense_macs: int  # of one step, if every input is an event
    dense_macs_padded: int  # dense_macs as papers print it, padding included

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Operations)))


NOTHING = Operations(*[0] * len(fields(Operations)))


def fanout(layer: Layer, pools: Iterable[Layer] = ()) -> Tensor:
    """Number of synapses that each input position reaches: outputs of its group, times windows over its row and column.

    float64, shape of the input; 1 for NeuNorm. `pools` are average pools before the layer, outermost first; the result
    then has the shape of their input. Raises ValueError for a layer without synapses.
    """
    spec, shape = layer.spec, layer.input_shape
    if isinstance(spec, Linear):
        outputs, windows = spec.linear, torch.ones(shape, dtype=torch.float64)
    elif isinstance(spec, Conv):
        outputs, (rows_H, columns_W) = spec.conv // spec.groups, (_windows(n, spec) for n in shape[1:])
        windows = (rows_H[:, None] * columns_W).expand(shape)
    elif isinstance(spec, NeuNorm):
        outputs, windows = 1, torch.ones(shape, dtype=torch.float64)
    else:
        raise ValueError(f"{spec!r} has no synapses")
    return reach(outputs * windows, pools)


def _windows(n: int, conv: Conv) -> Tensor:
    """The number of windows of a convolution over each of n positions along an axis."""
    covered = torch.zeros(n + 2 * conv.padding, dtype=torch.float64)
    for first in range(0, len(covered) - conv.kernel + 1, conv.stride):
        covered[first : first + conv.kernel] += 1
    return covered[conv.padding : conv.padding + n]


def over_samples(s_TBN: Tensor) -> Tensor:
    """Sum over steps and batch, float64, shape N; whole numbers are exact up to 2^24.

    A product with ones, in the memory layout of the maps, is fifteen times as fast as torch's sum.
    """
    s_bN = s_TBN.flatten(0, 1)
    laid_bN = s_bN.movedim(1, -1) if s_bN.dim() == 4 else s_bN
    sum_N = (s_bN.new_ones(len(s_bN)) @ laid_bN.flatten(1)).view(laid_bN.shape[1:])
    return (sum_N.movedim(-1, 0) if s_bN.dim() == 4 else sum_N).double()


def reach(map_X: Tensor, pools: Iterable[Layer]) -> Tensor:
    """Values of a map behind average pools, at the input of the outermost pool; zero at positions in no window."""
    map_1X = map_X[None]
    with torch.enable_grad():
        for pool in reversed(list(pools)):
            if not isinstance(pool.op, nn.AvgPool2d):
                raise ValueError(f"{pool.spec!r} is no average pool")
            x = torch.ones(1, *pool.input_shape, dtype=torch.float64, requires_grad=True)
            pooled = F.avg_pool2d(x, pool.op.kernel_size, divisor_override=1)
            (map_1X,) = torch.autograd.grad(pooled, x, map_1X)
    return map_1X[0]


class Source(NamedTuple):
    """Where the input of a layer comes from: the nodes at which its spikes are counted, each with the average pools
    between (no node: the input is analog). `state`: whether a NeuNorm lies between.
    """

    nodes: tuple[tuple[int, tuple[Layer, ...]], ...] = ()
    state: bool = False


class Counter:
    """Counts the operations of a network over batches.

    `spikes_in`: batches are frames of zeros and ones. Their sum, which a network of one step gets, is analog.
    `ends`: numbers of steps, in rising order, after each of which an inference may end; by default that of the network.
    All are counted in one run over the last of them: with the same parameters, a shorter inference is its beginning.
    """

    def __init__(self, network: Network, spikes_in: bool = False, ends: Sequence[int] = ()):
        self.network, self.samples, self._image = network, 0, True
        self._ends = tuple(ends) or (network.architecture.steps,)
        self._sizes = sizes(network.architecture.input_shape, nodes(network.architecture))
        events = spikes_in and network.architecture.steps > 1
        sources = {-1: Source(((-1, ()),) if events else ())}
        self._sources: list[Source] = []
        self._addends: list[Source | None] = []
        for i, layer in enumerate(network.layers):
            self._sources.append(sources[layer.source])
            self._addends.append(None if layer.addend is None else sources[layer.addend])
            sources[i] = _source(i, layer, self._sources[i], self._addends[i])
        counted = {node for s in (*self._sources, *self._addends) if s is not None for node, _ in s.nodes}
        device = next(network.parameters()).device
        shapes = {-1: network.architecture.input_shape, **{i: n.output_shape for i, n in enumerate(network.layers)}}
        parts = len(self._ends)  # of a run, each from one end to the next
        self._events = {i: torch.zeros(parts, *shapes[i], dtype=torch.float64, device=device) for i in counted}
        rectified = {layer.source for layer in network.layers if self._skips_zeros(layer)}
        self._nonzero = {i: torch.zeros(shapes[i], dtype=torch.float64, device=device) for i in rectified}
        self._spikes = torch.zeros(len(network.layers), parts, dtype=torch.float64)

    def scores(self, x: Tensor) -> Tensor:
        """The scores (B, K) of a batch, equal to those of `predict`; counts the spikes."""
        return self.scores_at_ends(x)[-1]

    @torch.no_grad()
    def scores_at_ends(self, x: Tensor) -> list[Tensor]:
        """The scores (B, K) of a batch at every end, those of `predict` with so many steps; counts the spikes."""
        network, readout = self.network, self.network.architecture.readout
        before_TBX = x_TBX = network.encode(x, self._ends[-1])
        if -1 in self._events:
            self._events[-1] += self._by_part(x)  # as recorded, before the noise of a sensor
        for i, (layer, s_TBN) in enumerate(network.walk(x_TBX)):
            if i == len(network.layers) - 1 and layer.adds_current:
                self._spikes[i] += self._total((s_TBN - layer.current(before_TBX)).round())
            before_TBX = s_TBN
            if i in self._nonzero:
                self._nonzero[i] += over_samples((s_TBN != 0).to(s_TBN.dtype))
            if i in self._events or (layer.fires and i < len(network.layers) - 1):
                events_PN = self._by_part(s_TBN)
                if i in self._events:
                    self._events[i] += events_PN
                if layer.fires:
                    self._spikes[i] += events_PN.flatten(1).sum(1).cpu()
        if readout.kind == "votes" and network.layers[-1].fires:
            self._spikes[-1] += self._total((s_TBN * readout.voters).round())
        self._image = x.dim() == 1 + len(network.architecture.input_shape)
        self.samples += len(s_TBN[0])
        return [network.scores(s_TBN[:steps]) for steps in self._ends]

    def operations(self, steps: int | None = None) -> list[Operations]:
        """Operations of every layer until one of the ends, by default the last; mean over the samples counted."""
        steps, result = steps or self._ends[-1], []
        spikes = self._spikes[:, : self._parts(steps)].sum(1).tolist()
        for i, (layer, size) in enumerate(zip(self.network.layers, self._sizes, strict=True)):
            neurons = torch.Size(layer.output_shape).numel() if isinstance(layer.activation, Neuron) else 0
            once, every_step = self._macs(i, layer, size, steps)
            result.append(
                Operations(
                    spikes=spikes[i] / self.samples,
                    neuron_updates=neurons * steps,
                    acs=self._acs(i, layer, steps),
                    macs_once=once,
                    macs_every_step=every_step,
                    macs_nonzero=self._macs_nonzero(layer) if self._skips_zeros(layer) else once,
                    compares=torch.Size(size.input_shape).numel() * steps if isinstance(layer.spec, MaxPool) else 0,
                    dense_macs=size.macs,
                    dense_macs_padded=size.macs_padded,
                )
            )
        return result

    def _parts(self, steps: int) -> int:
        return self._ends.index(steps) + 1

    def _by_part(self, s_TBN: Tensor) -> Tensor:
        """Sums over the batch and the steps of every part."""
        return torch.stack([over_samples(s_TBN[a:b]) for a, b in pairwise((0, *self._ends))])

    def _total(self, s_TBN: Tensor) -> Tensor:
        """Sums over everything of every part."""
        s_T = s_TBN.double().flatten(1).sum(1).cpu()
        return torch.stack([s_T[a:b].sum() for a, b in pairwise((0, *self._ends))])

    def _macs(self, i: int, layer: Layer, size: Size, steps: int) -> tuple[int, int]:
        """`macs_once` and `macs_every_step`."""
        source = self._sources[i]
        if isinstance(layer.spec, NeuNorm):
            return size.macs * steps, size.macs * steps
        if not layer.programmable or (source.nodes and not source.state):
            return 0, 0
        return size.macs * (1 if self._image and self._sees_input(layer) else steps), size.macs * steps

    def _skips_zeros(self, layer: Layer) -> bool:
        """Whether a layer multiplies by activations of an ANN, pooled or not."""
        activation = self.network.architecture.activation
        return isinstance(activation, Relu) and layer.programmable and not self._sees_input(layer)

    def _macs_nonzero(self, layer: Layer) -> float:
        nonzero_X = self._nonzero[layer.source]
        return float((nonzero_X * fanout(layer).view_as(nonzero_X).to(nonzero_X.device)).sum()) / self.samples

    def _sees_input(self, layer: Layer) -> bool:
        """Whether only pools are between the input of the network and the layer."""
        while layer.source >= 0:
            layer = self.network.layers[layer.source]
            if not isinstance(layer.spec, AvgPool | MaxPool):
                return False
        return True

    def _acs(self, i: int, layer: Layer, steps: int) -> float:
        """Accumulates of so many steps: of spikes through synapses, and of a shortcut without synapses."""
        source, addend, acs = self._sources[i], self._addends[i], 0.0
        if source.nodes and (layer.programmable or isinstance(layer.spec, NeuNorm)):
            acs += self._reached(source, fanout(layer), steps)
        sends_current = layer.addend is not None and self.network.layers[layer.addend].sends_current
        if addend is None or not layer.activation or sends_current:
            return acs / max(self.samples, 1)
        ones_N = torch.ones(layer.output_shape, dtype=torch.float64)
        if addend.nodes:
            return (acs + self._reached(addend, ones_N, steps)) / self.samples
        return acs / self.samples + float(ones_N.sum()) * steps

    def _reached(self, source: Source, fanout_N: Tensor, steps: int) -> float:
        """Number of synapses that the spikes of a source reach; `fanout_N` per position of the layer's input."""
        found = 0.0
        for node, pools in source.nodes:
            events_N = self._events[node][: self._parts(steps)].sum(0)
            found += float((events_N * reach(fanout_N, pools).to(events_N.device)).sum())
        return found


def _source(i: int, layer: Layer, before: Source, beside: Source | None) -> Source:
    """The source of what layer i sends, given the sources of its input and of its addend."""
    if layer.activation:
        return Source(((i, ()),) if layer.fires else ())
    if isinstance(layer.spec, AvgPool):
        return before._replace(nodes=tuple((node, (*pools, layer)) for node, pools in before.nodes))
    if isinstance(layer.spec, NeuNorm):
        return before._replace(state=True)
    if isinstance(layer.spec, Add) and before.nodes and beside is not None and beside.nodes:
        return Source(before.nodes + beside.nodes)
    if isinstance(layer.spec, MaxPool) and before.nodes and not before.state:
        return Source(((i, ()),))
    return Source()


def total(operations: Iterable[Operations]) -> Operations:
    """The sum over layers."""
    return sum(operations, start=NOTHING)
