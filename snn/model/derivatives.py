"""Backward passes that write into memory leave no graph, so that a second derivative would be wrong without a word."""

import functools
from collections.abc import Callable
from typing import Any

import torch


def first_only(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass that raises RuntimeError if it is asked for a graph of its own (`create_graph`)."""

    @functools.wraps(backward)
    def checked(ctx: Any, *gradients: Any) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError("has first derivatives only: differentiate without create_graph")
        return backward(ctx, *gradients)

    return checked
