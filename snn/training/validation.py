"""How well a deployed network does on a split, and which of two epochs is better."""

from collections.abc import Mapping

import torch

from snn.data.samples import Samples
from snn.model.losses import METRICS, loss, outcomes
from snn.model.network import Network


@torch.no_grad()
def score(network: Network, split: Samples) -> tuple[dict[str, float], dict[int, float]]:
    """Mean outcome (`value_val`) and mean loss of a deployed network over a split, and the firing rates of its layers.

    A rate is spikes a neuron and step; layers count from 1.
    """
    value, total, spikes = 0.0, 0.0, dict.fromkeys(_spiking(network), 0.0)
    for x, y in split.in_order():
        for i, (_, y_TBN) in enumerate(network.walk(network.encode(x)), start=1):
            if i in spikes:
                spikes[i] += float(y_TBN.mean((1, *range(2, y_TBN.dim()))).sum()) * len(y)
        scores_BK = network.scores(y_TBN)
        value += float(outcomes(scores_BK, y).sum())
        total += float(loss(scores_BK, y)) * len(y)
    rates = {i: count / (len(split) * network.architecture.steps) for i, count in spikes.items()}
    return {"value_val": value / len(split), "validation_loss": total / len(split)}, rates


def _spiking(network: Network) -> list[int]:
    return [i for i, layer in enumerate(network.layers[:-1], start=1) if layer.fires]


def better(row: Mapping[str, float], than: Mapping[str, float], task: str) -> bool:
    """Whether a row of scores is to be preferred: by its value, then by its loss."""
    sign = 1 if METRICS[task][1] == "higher" else -1
    return (sign * row["value_val"], -row["validation_loss"]) > (sign * than["value_val"], -than["validation_loss"])
