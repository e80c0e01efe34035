"""How well a deployed network does its task."""

import torch
from torch.nn import functional as F

from snn.data import Split
from snn.network import Network


@torch.no_grad()
def score(network: Network, split: Split) -> dict[str, float]:
    """Accuracy and mean cross-entropy of a network over a split."""
    correct, loss = 0, 0.0
    for x_BCHW, y_B in split.in_order():
        scores_BK = network.predict(x_BCHW)
        correct += int((scores_BK.argmax(1) == y_B).sum())
        loss += float(F.cross_entropy(scores_BK, y_B, reduction="sum"))
    return {"accuracy": correct / len(split), "validation_loss": loss / len(split)}
