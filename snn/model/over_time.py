"""Sums and means over steps in the order of memory; on channels-last maps torch takes up to eight times as long."""

from typing import Any

import torch
from torch import Tensor

from snn.model.layout import Layout


def total(s_TBN: Tensor) -> Tensor:
    """The sum over steps (B, N)."""
    return _Total.apply(s_TBN)


def rate(s_TBN: Tensor) -> Tensor:
    """The mean over steps (B, N)."""
    return total(s_TBN) / len(s_TBN)


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, s_TBN: Tensor) -> Tensor:
        ctx.shape = s_TBN.shape
        layout = Layout(s_TBN)
        return layout.shaped(layout.flat(layout.steps(s_TBN, repeats=True)).sum(0))

    @staticmethod
    def backward(ctx: Any, g_BN: Tensor) -> Tensor:
        return g_BN.expand(ctx.shape)
