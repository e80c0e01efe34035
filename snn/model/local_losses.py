"""Layer-local losses: every layer learns alone, from its own spikes. The rule LTL and calibration on a chip use them.

Per hidden layer, with C[t] the running spike count, T the steps and a target rate in [0, 1] for every neuron:

    offline   mean( (C[T-1] / T - target)^2 )                            back-propagated through time, inside the layer
    online    mean( (C[t] / (t+1) - target)^2 ) for each t >= warm_up    nothing flows through time

The loss of the read-out reaches no hidden layer. Its goal is classes (B,), with cross-entropy of the scores, or numbers
(B, K), with squared error. Back-propagate each term as soon as it is yielded: then offline holds the graph of one layer
at a time, and online the graph of one step. Source: Yang et al., Training spiking neural networks with local tandem
learning, NeurIPS 2022, and its released code.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from snn.model.imitation import Imitation
from snn.model.layer import Layer
from snn.model.layout import Layout
from snn.model.losses import loss, mean_square
from snn.model.network import Network
from snn.model.over_time import rate

SKIP = 64


def offline(network: Network, x: Tensor, targets_BN: Sequence[Tensor], goal: Tensor, lam: float) -> Iterator[Tensor]:
    """`lam` times the term of each hidden layer, then the term of the read-out.

    `targets_BN`: target rates per hidden layer, in the order of the layers.
    """
    targets = iter(targets_BN)
    for layer, s_TBN in network.walk(network.encode(x), cut=True):
        if layer is network.layers[-1]:
            yield loss(network.scores(s_TBN), goal)
        elif layer.activation:
            yield lam * mean_square(rate(s_TBN), next(targets))


def online(
    network: Network, x: Tensor, targets_BN: Sequence[Tensor], goal: Tensor, lam: float, warm_up: int
) -> Iterator[Tensor]:
    """One term per layer and step from `warm_up` on; the scores at t are sum_{k<=t} o[k] / (t+1)."""
    state: list[Tensor | None] = [None] * len(network.layers)
    hidden = zip(network.hidden, targets_BN, strict=True)
    imitations = {layer: Imitation(layer, target_BN, lam, warm_up) for layer, target_BN in hidden}

    def run(layer: Layer, x_1BX: Tensor, addend_1BN: Tensor | None, held: Tensor | None) -> Any:
        if layer in imitations:
            return imitations[layer].step(layer.current(x_1BX, addend_1BN)), None
        return layer(x_1BX, addend_1BN, held)

    sum_BK: Tensor | float = 0.0
    for t, x_BX in enumerate(network.encode(x)):
        with torch.set_grad_enabled(t >= warm_up and torch.is_grad_enabled()):
            for layer, y_1BN in network.walk(x_BX[None], state, cut=True, run=run):
                term = imitations[layer].take() if layer in imitations else None
                if layer is network.layers[-1]:
                    sum_BK = sum_BK + y_1BN[0]
                    term = loss(sum_BK / (t + 1), goal) if t >= warm_up else None
                    sum_BK = sum_BK.detach()
                if term is not None:
                    yield term


@torch.no_grad()
def own_rates(network: Network, x: Tensor) -> tuple[list[Tensor], Tensor]:
    """Firing rates of a network's hidden layers (B, N), and its scores (B, K)."""
    rates = []
    for layer, s_TBN in network.walk(network.encode(x)):
        if layer in network.hidden:
            rates.append(rate(s_TBN))
    return rates, network.scores(s_TBN)


@torch.no_grad()
def teacher_rates(
    teacher: Network, x: Tensor, percentile: float, scales: Sequence[Tensor] | None = None
) -> list[Tensor]:
    """Activations of an ANN as target rates (B, N) per hidden layer: clamp(A / q, 0, 1).

    q is the layer's value in `scales`, or without them the `percentile` of its activations in this batch.
    """
    activations_BN = activations(teacher, x)
    scales = scales or [nearest_rank(a_BN, percentile) for a_BN in activations_BN]
    return [as_rate(a_BN, q) for a_BN, q in zip(activations_BN, scales, strict=True)]


@torch.no_grad()
def activations(teacher: Network, x: Tensor) -> list[Tensor]:
    """Activations (B, N) per hidden layer of an ANN."""
    hidden = teacher.hidden
    return [a_1BN[0] for layer, a_1BN in teacher.walk(teacher.encode(x)) if layer in hidden]


def as_rate(a_BN: Tensor, q: Tensor) -> Tensor:
    """clamp(A / q, 0, 1)."""
    return (a_BN / q.clamp(min=torch.finfo(q.dtype).tiny)).clamp(0, 1)


@torch.no_grad()
def percentiles(teacher: Network, x: Tensor, percentile: float) -> list[Tensor]:
    """The percentile of the activations over the samples x, per hidden layer of an ANN."""
    return [nearest_rank(a_BN, percentile) for a_BN in activations(teacher, x)]


def nearest_rank(values: Tensor, percentile: float) -> Tensor:
    """The k-th smallest value, k = 1 + round(percentile / 100 (N - 1))."""
    layout = Layout(values)
    flat = layout.flat(layout.steps(values)).flatten()
    k = 1 + round(percentile / 100 * (len(flat) - 1))
    above = len(flat) - k
    return _least_of_largest(flat, above + 1) if above < len(flat) // 16 else flat.kthvalue(k).values


def _least_of_largest(flat: Tensor, m: int) -> Tensor:
    """The smallest of the m largest values. A sample tells where to look: a third of the time of topk alone."""
    sample = flat[::SKIP]
    bound = sample.topk(min(len(sample), 2 * m // SKIP + 16), sorted=False).values.min()
    few = flat[flat >= bound]
    return (few if len(few) >= m else flat).topk(m, sorted=False).values.min()
