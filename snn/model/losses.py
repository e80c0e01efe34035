"""How far a network is from its task: cross-entropy and accuracy for classes, mean squared error for numbers.

A goal says by its type which of the two is meant: classes are integers (B,), numbers floats (B, K).
"""

from torch import Tensor
from torch.nn import functional as F

METRICS = {"classification": ("accuracy", "higher"), "reconstruction": ("mse", "lower")}  # metric, which is better


def loss(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Cross-entropy with classes, mean squared error with numbers."""
    return F.mse_loss(scores_BK, goal) if goal.is_floating_point() else F.cross_entropy(scores_BK, goal)


def outcomes(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Sample by sample (B,): 1 where the class is right, else 0; or the squared error, averaged over numbers."""
    if goal.is_floating_point():
        return ((scores_BK - goal) ** 2).mean(1)
    return (scores_BK.argmax(1) == goal).to(scores_BK.dtype)
