"""How well a deployed network does on samples, and which of two epochs is better."""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import torch
from torch import Tensor

from snn.data.samples import Samples
from snn.model.losses import METRICS, loss, outcomes
from snn.model.network import Network


class Score(NamedTuple):
    """The mean outcome over samples (accuracy, or mean squared error), the mean loss, and the standard error of `value`
    that comes from the finite number of samples.
    """

    value: float
    loss: float
    sampling_error: float


@torch.no_grad()
def score(predict: Callable[[Tensor], Tensor], samples: Samples) -> Score:
    """The one measure of validation and test. `predict` gives the scores (B, K) of a batch: that of a network, or the
    `scores` of what also counts on the way (`Rates`, `energy.Counter`).
    """
    found, total = [], 0.0
    for x, y in samples.in_order():
        scores_BK = predict(x)
        found.append(outcomes(scores_BK, y).double())
        total += float(loss(scores_BK, y)) * len(y)
    found_N = torch.cat(found)
    sampling_error = float(found_N.std(correction=0)) / len(samples) ** 0.5
    return Score(float(found_N.mean()), total / len(samples), sampling_error)


class Rates:
    """Firing rates of the hidden layers of a network over all batches that it is shown: spikes per neuron and step.

    Only of layers that fire; layers count from 1.
    """

    def __init__(self, network: Network):
        self.network, self._samples = network, 0
        self._spikes = {i: 0.0 for i, layer in enumerate(network.layers[:-1], start=1) if layer.fires}

    def scores(self, x: Tensor) -> Tensor:
        """Show the network a batch: its scores (B, K), as `predict` gives them."""
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
    """What a row about an epoch says of validation data."""

    value_val: float
    validation_loss: float


def better(row: Scored, than: Scored, task: str) -> bool:
    """Whether one epoch is to be preferred to another: by its value, then by its loss."""
    sign = 1 if METRICS[task][1] == "higher" else -1
    return (sign * row["value_val"], -row["validation_loss"]) > (sign * than["value_val"], -than["validation_loss"])
