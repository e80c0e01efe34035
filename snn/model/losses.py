"""Losses and metrics: cross-entropy and accuracy for classes, mean squared error for numbers.

The type of a goal selects one: classes are integers (B,), numbers are floats (B, K).
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.model.derivatives import first_only

METRICS = {"classification": ("accuracy", "higher"), "reconstruction": ("mse", "lower")}  # metric, better direction


def loss(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """Mean over the batch: cross-entropy for classes, squared error for numbers."""
    return F.mse_loss(scores_BK, goal) if goal.is_floating_point() else F.cross_entropy(scores_BK, goal)


def mean_square(r_BN: Tensor, target_BN: Tensor) -> Tensor:
    """mean((r - target)^2), with a gradient for r in the order of memory, which that of torch lacks."""
    return _MeanSquare.apply(r_BN, target_BN)


def outcomes(scores_BK: Tensor, goal: Tensor) -> Tensor:
    """The metric per sample (B,): 1 for the right class, else 0; or the squared error, averaged over numbers."""
    if goal.is_floating_point():
        return ((scores_BK - goal) ** 2).mean(1)
    return (scores_BK.argmax(1) == goal).to(scores_BK.dtype)


class _MeanSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, r_BN: Tensor, target_BN: Tensor) -> Tensor:
        difference_BN = r_BN - target_BN
        ctx.save_for_backward(difference_BN)
        return F.mse_loss(r_BN, target_BN)

    @staticmethod
    @first_only
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        (difference_BN,) = ctx.saved_tensors
        return difference_BN * (2 / difference_BN.numel() * g), None
