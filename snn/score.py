"""How well a network does its task: accuracy for classes, mean squared error for numbers to reproduce.

A goal says by its type which of the two is meant: classes are integers (B,), numbers floats (B, K).
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.data import Split
from snn.network import Network

METRICS = {"classification": ("accuracy", "higher"), "reconstruction": ("mse", "lower")}  # metric, which is better


def loss(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Cross-entropy with classes, mean squared error with numbers."""
    return F.mse_loss(scores_BK, goal) if goal.is_floating_point() else F.cross_entropy(scores_BK, goal)


def outcomes(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Sample by sample (B,): 1 where the class is right, else 0; or the squared error, averaged over numbers."""
    if goal.is_floating_point():
        return ((scores_BK - goal) ** 2).mean(1)
    return (scores_BK.argmax(1) == goal).to(scores_BK.dtype)


@torch.no_grad()
def score(network: Network, split: Split) -> tuple[dict[str, float], dict[int, float]]:
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
