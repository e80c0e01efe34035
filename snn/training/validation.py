"""The score of a network on samples, and which of two epochs is better."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypedDict

import torch
from torch import Tensor

from snn.data.samples import Samples
from snn.model.losses import METRICS, loss, outcomes
from snn.model.network import Network


class Score(NamedTuple):
    """The metric over all samples (accuracy or mean squared error), the mean loss, and the standard error of `value`.

    `sampling_error`: from the finite number of samples. `outcomes_N`: the metric per sample.
    """

    value: float
    loss: float
    sampling_error: float
    outcomes_N: Tensor


def score(predict: Callable[[Tensor], Tensor], samples: Samples) -> Score:
    """Score a network, for validation and test alike.

    `predict` maps a batch to scores (B, K): `Network.predict`, or `scores` of an object that also counts (`Rates`,
    `energy.Counter`).
    """
    return score_each(lambda x: [predict(x)], samples)[0]


@torch.no_grad()
def score_each(predict: Callable[[Tensor], Sequence[Tensor]], samples: Samples) -> list[Score]:
    """Several scores in one pass: `predict` maps a batch to scores (B, K) of each."""
    batches: list[list[Tensor]] = []
    losses: list[list[float]] = []
    for x, y in samples.in_order():
        each = predict(x)
        batches.append([outcomes(scores_BK, y).double() for scores_BK in each])
        losses.append([float(loss(scores_BK, y)) * len(y) for scores_BK in each])
    found = []
    for parts, totals in zip(zip(*batches, strict=True), zip(*losses, strict=True), strict=True):
        outcomes_N = torch.cat(parts)
        sampling_error = float(outcomes_N.std(correction=0)) / len(samples) ** 0.5
        found.append(Score(float(outcomes_N.mean()), sum(totals) / len(samples), sampling_error, outcomes_N))
    return found


class Rates:
    """Firing rates of a network's hidden layers over all batches: spikes per neuron and step.

    Layers count from 1; layers without spikes are left out.
    """

    def __init__(self, network: Network):
        self.network, self._samples = network, 0
        self._spikes = {i: 0.0 for i, layer in enumerate(network.layers[:-1], start=1) if layer.fires}

    def scores(self, x: Tensor) -> Tensor:
        """Run a batch and count its spikes; returns the scores (B, K) of `predict`."""
        for i, (_, y_TBN) in enumerate(self.network.walk(self.network.encode(x)), start=1):
            if i in self._spikes:
                self._spikes[i] += float(y_TBN.mean((1, *range(2, y_TBN.dim()))).sum()) * y_TBN.shape[1]
        self._samples += y_TBN.shape[1]
        return self.network.scores(y_TBN)

    def by_layer(self) -> dict[int, float]:
        """The rate of every layer."""
        steps = self.network.architecture.steps
        return {i: count / (self._samples * steps) for i, count in self._spikes.items()}


class Scored(TypedDict):
    """The validation columns of an epoch."""

    value_val: float
    validation_loss: float


def better(row: Scored, than: Scored, task: str) -> bool:
    """Whether one epoch is better than another: by value, then by loss."""
    sign = 1 if METRICS[task][1] == "higher" else -1
    return (sign * row["value_val"], -row["validation_loss"]) > (sign * than["value_val"], -than["validation_loss"])
