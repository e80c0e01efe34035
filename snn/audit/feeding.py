"""Show samples to a foreign module, in the way in which it takes time, and read its scores."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from snn.audit.frameworks import tensors
from snn.audit.signals import Numbers, Signal, Spikes
from snn.core.errors import InputError

Time = Literal["inside", "first", "second", "flat", "calls"]
Show = Callable[[Tensor, Signal], Tensor]  # declares what a tensor carries


def feed(module: nn.Module, x_BX: Tensor, time: Time, steps: int | None, spikes: bool, show: Show) -> Any:
    """What the module returns for a batch, for `calls` as a list with one item per step.

    `x_BX`: samples that are equal at all of `steps` steps; without `steps`, frames (B, T, ...), or, for `inside`,
    whatever the module takes. `spikes`: the samples are spikes.
    """

    def shown(x: Tensor) -> Tensor:
        constant = time == "inside" or steps is not None
        return show(x, Spikes(x) if spikes else Numbers(constant, recorded=True))

    if time == "inside":
        return module(shown(x_BX))
    x_TBX = x_BX.movedim(1, 0) if steps is None else x_BX.expand(steps, *x_BX.shape)
    if time == "calls":
        return _calls(module, [shown(x.contiguous()) for x in x_TBX])
    if time == "first":
        return module(shown(x_TBX.contiguous()))
    x_BTX = x_TBX.movedim(0, 1).contiguous()
    return module(shown(x_BTX if time == "second" else x_BTX.flatten(0, 1)))


def _calls(module: nn.Module, frames: list[Tensor]) -> list[Any]:
    """One call per step. A module with an argument `state`, as norse's, gets what it returned at its second place."""
    if "state" not in inspect.signature(module.forward).parameters:
        return [module(x) for x in frames]
    state, results = None, []
    for x in frames:
        result = module(x, state)
        state = result[1] if isinstance(result, tuple) else None
        results.append(result)
    return results


def scores_of(title: str, result: Any, time: Time, samples: int) -> Tensor:
    """Scores (B, K) as most modules return them: the first tensor, summed over steps.

    Raises InputError, naming the module by its `title`, for another shape.
    """
    if time == "calls":
        o_TBK = torch.stack([next(tensors(one)) for one in result])
    else:
        o_TBK = next(tensors(result))
    if o_TBK.dim() == 2 and len(o_TBK) == samples:
        return o_TBK
    if time == "flat" and o_TBK.dim() == 2 and len(o_TBK) % samples == 0:
        return o_TBK.unflatten(0, (samples, -1)).sum(1)
    axis = 1 if time == "second" else 0
    if o_TBK.dim() == 3 and o_TBK.shape[1 - axis] == samples:
        return o_TBK.sum(axis)
    what = f"returns {tuple(o_TBK.shape)} for {samples} samples, which is neither (B, K) nor one such per step"
    raise InputError(title, what, "give scores=, a function from what it returns to (B, K)")
