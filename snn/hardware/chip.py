"""Chips: a network on imperfect hardware.

A chip answers to inputs and lets itself be programmed; what its noise did to a value cannot be read out, nor be told
from a gradient. A chip is permanent: effective value = f(programmed value), with f drawn once; only the programmed
value w is a parameter. Who learns knows w, the grid that weights are stored on, nominal neurons, what the chip answers,
spikes and membranes, and which of its neurons never answer (no gradient passes where a spike is lost, `neuron`):

    dL/dw  := dL/df (1 on a hidden f; of a grid, 1 inside its range and 0 beyond)
    dL/dx  := what w on its grid, not f(w), sends back through a layer, where a loss reaches through several
"""

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize
from torch.nn.utils.parametrize import ParametrizationList

from snn.hardware.foundry import Foundry
from snn.model.layer import Layer
from snn.model.network import Network

Parts = Sequence[tuple[ModuleType, BaseModel]]  # noise models of a chip: file of `snn.hardware.noise`, and its options


class Chip(NamedTuple):
    """A network on one chip, and the hash of what was drawn for it."""

    network: Network
    draw: str


class Effect(nn.Module):
    """What the hardware does to a programmed value, hidden in a function; one that is known has a `slope`."""

    def __init__(self, effect: Callable[[Tensor], Tensor]):
        super().__init__()
        self._effect = effect

    @property
    def known(self) -> bool:
        """Whether who programs the chip knows what happens to a value."""
        return hasattr(self._effect, "slope")

    def forward(self, programmed: Tensor) -> Tensor:
        """The effective value."""
        return _Hidden.apply(programmed, self._effect)


class _Hidden(torch.autograd.Function):
    """An effect whose gradient tells nothing of it but what is known."""

    @staticmethod
    def forward(ctx: Any, programmed: Tensor, effect: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.slope = effect.slope(programmed) if hasattr(effect, "slope") else None
        return effect(programmed)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return (gradient if ctx.slope is None else gradient * ctx.slope), None


class _Errors:
    """Hooks of a layer's operator: errors go back through the weights that are known, not through those that act."""

    def __init__(self):
        self._x: Tensor | None = None

    def before(self, op: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        """Cut the way back through the weights that act."""
        (x,) = inputs
        self._x = x if torch.is_grad_enabled() and x.requires_grad else None
        return (x.detach(),) if self._x is not None else inputs

    def after(self, op: nn.Module, inputs: tuple[Tensor], y: Tensor) -> Tensor:
        """Open one through the known weights; it adds zero."""
        if self._x is None:
            return y
        x, self._x = self._x, None
        if isinstance(op, nn.Conv2d):
            back = F.conv2d(x, known_weight(op), None, op.stride, op.padding, op.dilation, op.groups)
        else:
            back = F.linear(x, known_weight(op))
        return y + (back - back.detach())


@torch.no_grad()
def known_weight(op: nn.Module) -> Tensor:
    """The weight as who programs the chip knows it: what was programmed, on its grid."""
    effects = _effects(op, "weight")
    weight = effects.original.detach()
    for effect in effects:
        weight = effect(weight) if isinstance(effect, Effect) and effect.known else weight
    return weight


def manufacture(clean: Network, parts: Parts, number: int) -> Chip:
    """Chip `number`, programmed with the parameters of a clean network; without parts it is that network."""
    made, foundry = copy.deepcopy(clean), Foundry(number)
    for i, (model, options) in enumerate(parts):
        foundry.again = sum(model is earlier for earlier, _ in parts[:i])
        model.disturb(made, options, foundry)
    for layer in made.layers:
        if layer.programmable and parametrize.is_parametrized(layer.op, "weight"):
            errors = _Errors()
            layer.op.register_forward_pre_hook(errors.before)
            layer.op.register_forward_hook(errors.after)
    return Chip(made.requires_grad_(), foundry.hash)


def sharing(network: Network, parts: Parts, number: int) -> Network:
    """A chip on which the parameters of `network` themselves are programmed, so that its gradients are theirs."""
    made = manufacture(network, parts, number).network
    for layer, own in zip(made.layers, network.layers, strict=True):
        for name, parameter in own.op.named_parameters(recurse=False):
            if parametrize.is_parametrized(layer.op, name):
                _effects(layer.op, name).original = parameter
            else:
                setattr(layer.op, name, parameter)
    return made


def program_through(module: nn.Module, parameter: str, effect: Callable[[Tensor], Tensor]) -> None:
    """From now on `parameter` of `module` is the effect on what was programmed; only the latter is a parameter.

    An effect with a method `slope` is known: it is its derivative, as far as there is one to be used.
    """
    parametrize.register_parametrization(module, parameter, Effect(effect), unsafe=True)


def laid_as(parameter: Tensor, values: Tensor) -> Tensor:
    """Values in the memory layout of a parameter: what a convolution makes of others differs in the last bits."""
    return torch.empty_like(parameter, requires_grad=False).copy_(values)


def programmed(layer: Layer, parameter: str) -> Tensor | None:
    """What can be programmed for a parameter of a layer, if it has one."""
    if parametrize.is_parametrized(layer.op, parameter):
        return _effects(layer.op, parameter).original
    return getattr(layer.op, parameter, None)


def _effects(module: nn.Module, parameter: str) -> ParametrizationList:
    """What stands between what is programmed for a parameter and what acts."""
    effects = module.get_submodule(f"parametrizations.{parameter}")
    if not isinstance(effects, ParametrizationList):
        raise TypeError(f"{parameter} of {module} goes through {effects}")
    return effects


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
