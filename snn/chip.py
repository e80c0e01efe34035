"""Chips: a network on imperfect hardware.

A chip answers to inputs and lets itself be programmed; what its noise did to a value cannot be read out. A chip is
permanent: effective value = f(programmed value), with f drawn once; only the programmed value is a parameter.
"""

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from snn.layer import Layer
from snn.network import Network
from snn.noise import Foundry

Parts = Sequence[tuple[Any, Any]]  # noise models of a chip: module of `snn.noise` and its options


class Chip(NamedTuple):
    """A network on one chip, and the hash of what was drawn for it."""

    network: Network
    draw: str


class Effect(nn.Module):
    """What the hardware does to a programmed value, hidden in a function."""

    def __init__(self, effect: Callable[[Tensor], Tensor]):
        super().__init__()
        self._effect = effect

    def forward(self, programmed: Tensor) -> Tensor:
        """The effective value."""
        return self._effect(programmed)


def manufacture(clean: Network, parts: Parts, number: int) -> Chip:
    """Chip `number`, programmed with the parameters of a clean network; without parts it is that network."""
    made, foundry = copy.deepcopy(clean), Foundry(number)
    for model, options in parts:
        model.disturb(made, options, foundry)
    return Chip(made.requires_grad_(), foundry.hash)


def sharing(network: Network, parts: Parts, number: int) -> Network:
    """A chip on which the parameters of `network` themselves are programmed, so that its gradients are theirs."""
    made = manufacture(network, parts, number).network
    for layer, own in zip(made.layers, network.layers, strict=True):
        for name, parameter in own.op.named_parameters(recurse=False):
            if parametrize.is_parametrized(layer.op, name):
                layer.op.parametrizations[name].original = parameter
            else:
                setattr(layer.op, name, parameter)
    return made


def program_through(module: nn.Module, parameter: str, effect: Callable[[Tensor], Tensor]) -> None:
    """From now on `parameter` of `module` is the effect on what was programmed; only the latter is a parameter."""
    parametrize.register_parametrization(module, parameter, Effect(effect), unsafe=True)


def laid_as(parameter: Tensor, values: Tensor) -> Tensor:
    """Values in the memory layout of a parameter: what a convolution makes of others differs in the last bits."""
    return torch.empty_like(parameter, requires_grad=False).copy_(values)


def programmed(layer: Layer, parameter: str) -> nn.Parameter | None:
    """What can be programmed for a parameter of a layer, if it has one."""
    if parametrize.is_parametrized(layer.op, parameter):
        return layer.op.parametrizations[parameter].original
    return getattr(layer.op, parameter, None)


def programmable(network: Network) -> dict[str, nn.Parameter]:
    """Everything that can be programmed, under the names that it has in a clean network."""
    found = network.named_parameters()
    return {re.sub(r"\.parametrizations\.(\w+)\.original$", r".\1", name): parameter for name, parameter in found}


@torch.no_grad()
def program(network: Network, values: Mapping[str, Tensor]) -> None:
    """Program a chip with values named as `programmable` names them."""
    for name, parameter in programmable(network).items():
        parameter.copy_(values[name])


def set_silicon(layer: Layer, **changes: Any) -> None:
    """Change a layer's silicon; functions go behind those that are there."""
    silicon = layer.silicon
    stacked = {name: (*getattr(silicon, name), *new) for name, new in changes.items() if isinstance(new, tuple)}
    layer.silicon = dataclasses.replace(silicon, **{**changes, **stacked})
