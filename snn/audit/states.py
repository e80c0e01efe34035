"""States of modules that no framework knows: attributes and buffers, which are put back to what they were."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

TORCH = frozenset(vars(nn.Module()))  # what torch itself keeps in every module


def remember(module: nn.Module) -> Callable[[], None]:
    """A function that puts attributes and buffers of all parts of a module back to what they are now."""
    parts = [(part, _attributes(part), dict(part._buffers)) for part in module.modules()]
    held = [value for _, own, buffers in parts for value in (*own.values(), *buffers.values())]
    tensors = [value for value in held if isinstance(value, Tensor)]
    contents = [(tensor, tensor.detach().clone()) for tensor in tensors]

    def restore() -> None:
        with torch.no_grad(), torch._C.DisableTorchFunction():
            for tensor, content in contents:
                if not torch.equal(tensor, content):
                    tensor.copy_(content)
        for part, attributes, buffers in parts:
            for name in _attributes(part).keys() - attributes.keys():
                del vars(part)[name]
            vars(part).update({name: _own(value) for name, value in attributes.items()})
            part._buffers.clear()
            part._buffers.update(buffers)

    return restore


def _attributes(part: nn.Module) -> dict[str, object]:
    return {name: _own(value) for name, value in vars(part).items() if name not in TORCH}


def _own(value: object) -> object:
    """A collection as one of its own, since a module may append its states to it; anything else as it is."""
    return copy.copy(value) if isinstance(value, (list, dict, set)) else value
