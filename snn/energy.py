"""Operations of one inference, counted exactly, and their energy.

An event is what a layer receives: a spike, or a number of an analog frame. Whether a layer adds or multiplies is
declared by where its input comes from, never read off values: behind neurons each spike costs one accumulate (AC) per
synapse it reaches; the image, or an ANN's activation, costs one multiply-accumulate (MAC) per synapse. With n[i] the
spikes at position i over all steps and F[i] the synapses that position i reaches (borders, strides and groups
included):

    acs = sum_i n[i] F[i]       macs = sum_i F[i] at each step       dense_macs = sum_i F[i]

Average pooling is linear: spikes are counted before it, F reaches through pool and synapse. Max pooling is not: spikes
are counted behind it, and it costs one compare per input and step. Biases are not counted, nor is the weighing of the
outputs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.network import Layer, Network
from snn.spec import AvgPool, MaxPool, sizes


@dataclass(frozen=True)
class Operations:
    """Of one layer (or, summed, of a network), averaged over samples; over all steps unless a field says otherwise."""

    spikes: float  # that its neurons emit
    neuron_updates: int  # neurons x steps
    acs: float
    macs_once: int  # an analog input that is the same at every step, multiplied at the first
    macs_every_step: int
    compares: int  # of max pools
    dense_macs: int  # of one step, if every input were an event
    dense_macs_padded: int  # the same as papers print it, padding included

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Operations)))


NOTHING = Operations(*[0] * len(fields(Operations)))


def fanout(layer: Layer, pools: Iterable[Layer] = ()) -> Tensor:
    """Synapses that each input position reaches: the transposed layer applied to ones; float64, shape of the input.

    `pools` are average pools before the layer, outermost first; the result then has the shape of their input.
    """
    with torch.enable_grad():
        if not layer.programmable:
            raise ValueError(f"{layer.spec!r} has no synapses")
        x = torch.ones(1, *layer.input_shape, dtype=torch.float64, requires_grad=True)
        weight = torch.ones_like(layer.op.weight, dtype=torch.float64, device="cpu")
        if weight.dim() == 2:
            y = F.linear(x.flatten(1), weight)
        else:
            y = F.conv2d(x, weight, None, layer.op.stride, layer.op.padding, groups=layer.op.groups)
        (map_1X,) = torch.autograd.grad(y.sum(), x)
        for pool in reversed(list(pools)):
            x = torch.ones(1, *pool.input_shape, dtype=torch.float64, requires_grad=True)
            reached = F.avg_pool2d(x, pool.spec.avg_pool, divisor_override=1)
            (map_1X,) = torch.autograd.grad(reached, x, map_1X)
    return map_1X[0]


class Counter:
    """Fan-outs of a network, computed once, and the operations of the batches shown to it."""

    def __init__(self, network: Network):
        self.network, self.samples = network, 0
        specs = network.architecture.all_layers
        self._sizes = list(sizes(network.architecture.input_shape, specs))
        self._fanout: dict[int, Tensor] = {}
        pools: list[Layer] = []
        for i, layer in enumerate(network.layers):
            if layer.programmable:
                self._fanout[i] = fanout(layer, pools).to(next(network.parameters()).device)
            pools = [*pools, layer] if isinstance(layer.spec, AvgPool) else []
        self._events = {i: torch.zeros_like(map_X) for i, map_X in self._fanout.items()}
        self._spikes = [0.0] * len(network.layers)

    @torch.no_grad()
    def scores(self, x_BCHW: Tensor) -> Tensor:
        """Show the network a batch: its scores (B, K), as `predict` gives them, while its spikes are counted."""
        network, readout = self.network, self.network.architecture.readout
        source_X = None
        for i, (layer, s_TBN) in enumerate(network.walk(network.encode(x_BCHW))):
            if source_X is not None and i in self._events:
                self._events[i] += source_X
            if layer.fires or (source_X is not None and isinstance(layer.spec, MaxPool)):
                source_X = s_TBN.sum((0, 1)).double()  # whole numbers, exact in float32 up to 2^24
            if layer.fires:
                shares = layer is network.layers[-1]
                self._spikes[i] += round(float(source_X.sum()) * readout.voters) if shares else float(source_X.sum())
        self.samples += len(x_BCHW)
        return network.scores(s_TBN)

    def operations(self) -> list[Operations]:
        """Layer by layer, averages over the samples seen."""
        steps, analog, result = self.network.architecture.steps, True, []
        for i, (layer, size) in enumerate(zip(self.network.layers, self._sizes, strict=True)):
            neurons = torch.Size(layer.output_shape).numel() if layer.fires else 0
            multiplies = analog and i in self._fanout
            adds = i in self._fanout and not analog
            result.append(
                Operations(
                    spikes=self._spikes[i] / self.samples,
                    neuron_updates=neurons * steps,
                    acs=float((self._events[i] * self._fanout[i]).sum()) / self.samples if adds else 0.0,
                    macs_once=size.macs if multiplies else 0,
                    macs_every_step=size.macs * steps if multiplies else 0,
                    compares=torch.Size(size.input_shape).numel() * steps if isinstance(layer.spec, MaxPool) else 0,
                    dense_macs=size.macs,
                    dense_macs_padded=size.macs_padded,
                )
            )
            analog = analog and not layer.fires
        return result


def total(operations: Iterable[Operations]) -> Operations:
    """The sum over layers."""
    return sum(operations, start=NOTHING)
