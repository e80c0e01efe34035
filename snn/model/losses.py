"""Losses and metrics: cross-entropy and accuracy for classes, mean squared error for numbers.

The type of a goal selects one: classes are integers (B,), numbers are floats (B, K).
"""

from torch import Tensor
from torch.nn import functional as F

METRICS = {"classification": ("accuracy", "higher"), "reconstruction": ("mse", "lower")}  # metric, better direction


def loss(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Mean over the batch: cross-entropy for classes, squared error for numbers."""
    return F.mse_loss(scores_BK, goal) if goal.is_floating_point() else F.cross_entropy(scores_BK, goal)


def outcomes(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """The metric per sample (B,): 1 for the right class, else 0; or the squared error, averaged over numbers."""
    if goal.is_floating_point():
        return ((scores_BK - goal) ** 2).mean(1)
    return (scores_BK.argmax(1) == goal).to(scores_BK.dtype)
