"""The order in memory that tensors of one pass of neurons share, so that they can be walked as (steps, neurons)."""

from typing import overload

import torch
from torch import Tensor


class Layout:
    """Time is outermost. A step is in the order of the currents x_TBN if it is dense there, else contiguous."""

    def __init__(self, x_TBN: Tensor):
        step = x_TBN[0] if _dense(x_TBN[0]) else x_TBN.new_empty(x_TBN.shape[1:])
        self.shape, self.stride, self.neurons = step.shape, step.stride(), step.numel()
        self._dtype, self._device = x_TBN.dtype, x_TBN.device

    def empty(self, *steps: int) -> Tensor:
        """A tensor of these steps, or of no axis of time."""
        stride = (*(self.neurons for _ in steps), *self.stride)
        return torch.empty_strided((*steps, *self.shape), stride, dtype=self._dtype, device=self._device)

    @overload
    def step(self, tensor: Tensor) -> Tensor: ...
    @overload
    def step(self, tensor: None) -> None: ...
    @overload
    def step(self, tensor: Tensor | None) -> Tensor | None: ...
    def step(self, tensor: Tensor | None) -> Tensor | None:
        """A tensor of one step in this order and type, broadcast and copied if need be."""
        if tensor is None:
            return None
        same = tensor.shape == self.shape and tensor.stride() == self.stride and tensor.dtype == self._dtype
        return tensor if same else self.empty().copy_(tensor)

    @overload
    def steps(self, tensor: Tensor, repeats: bool = False) -> Tensor: ...
    @overload
    def steps(self, tensor: None, repeats: bool = False) -> None: ...
    @overload
    def steps(self, tensor: Tensor | None, repeats: bool = False) -> Tensor | None: ...
    def steps(self, tensor: Tensor | None, repeats: bool = False) -> Tensor | None:
        """A tensor of several steps in this order and type, copied if need be.

        With `repeats`, one step may stand for all.
        """
        if tensor is None:
            return None
        apart = len(tensor) == 1 or tensor.stride(0) == self.neurons or (repeats and tensor.stride(0) == 0)
        same = apart and tensor.stride()[1:] == self.stride and tensor.dtype == self._dtype
        return tensor if same else self.empty(len(tensor)).copy_(tensor)

    def shaped(self, flat: Tensor) -> Tensor:
        """One step of values (neurons,) as (B, N); it shares the memory."""
        return flat.as_strided(self.shape, self.stride)

    def flat(self, tensor: Tensor) -> Tensor:
        """A tensor in this order as (steps, neurons), or as (neurons,); it shares the memory."""
        time = tensor.dim() - len(self.shape)
        return tensor.as_strided((*tensor.shape[:time], self.neurons), (*tensor.stride()[:time], 1))


def between_steps(tensor_TBN: Tensor | None) -> int:
    """Numbers in memory between two steps of a tensor; 0 if it has one step, which stands for all."""
    return 0 if tensor_TBN is None or len(tensor_TBN) == 1 else tensor_TBN.stride(0)


def _dense(tensor: Tensor) -> bool:
    """Whether a tensor fills its part of memory, each place once."""
    filled = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1 and stride != filled:
            return False
        filled *= size
    return True
