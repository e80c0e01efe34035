"""Chips: a network on imperfect hardware.

A chip can be run and programmed: effective value = f(programmed value w), with f drawn once per chip. Only w is a
parameter. f can neither be read out nor be seen in a gradient. A calibrator knows w, the grid on which weights are
stored, the nominal neurons, and the outputs, spikes and membranes of the chip. No gradient passes where a spike is lost
(`neuron`), so it also knows which neurons are dead. With q(w) the value of w on its grid, or w itself without a grid:

    dL/dw  := dL/df q'(w)                           q' = 1 inside the range of the grid and 0 beyond; 1 without a grid
    dL/dx  := the error sent back through q(w)      instead of f(w), in a loss that reaches through several layers
"""

import copy
import dataclasses
import hashlib
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
    """A network on one chip, the hash of what was drawn for it, and the generators of its fresh draws."""

    network: Network
    draw: str
    generators: Sequence[torch.Generator] = ()

    @property
    def permanent(self) -> bool:
        """Whether nothing is drawn afresh: equal inputs give equal outputs."""
        return not self.generators

    def reprogrammed(self, values: Mapping[str, Tensor]) -> Network:
        """The network as if this chip were new and programmed with other values: its fresh draws begin again."""
        for generator in self.generators:
            generator.manual_seed(generator.initial_seed())
        program(self.network, values)
        return self.network


class Effect(nn.Module):
    """The function from a programmed to an effective value; a known effect has a `slope`, all others are hidden."""

    def __init__(self, effect: Callable[[Tensor], Tensor]):
        super().__init__()
        self._effect = effect

    @property
    def known(self) -> bool:
        """Whether a calibrator knows the function."""
        return hasattr(self._effect, "slope")

    def forward(self, programmed: Tensor) -> Tensor:
        """The effective value."""
        return _Hidden.apply(programmed, self._effect)


class _Hidden(torch.autograd.Function):
    """An effect whose gradient is that of the identity, or the slope of a known effect."""

    @staticmethod
    def forward(ctx: Any, programmed: Tensor, effect: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.slope = effect.slope(programmed) if hasattr(effect, "slope") else None
        return effect(programmed)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return (gradient if ctx.slope is None else gradient * ctx.slope), None


class _Errors:
    """Hooks of a layer's operator that send errors back through the known weights instead of the effective ones."""

    def __init__(self):
        self._x: Tensor | None = None

    def before(self, op: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        """Detach the input, so that no error goes back through the effective weights."""
        (x,) = inputs
        self._x = x if torch.is_grad_enabled() and x.requires_grad else None
        return (x.detach(),) if self._x is not None else inputs

    def after(self, op: nn.Module, inputs: tuple[Tensor], y: Tensor) -> Tensor:
        """Add a term of value zero that sends errors back through the known weights."""
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
    """The programmed weight on its grid, as a calibrator knows it."""
    effects = _effects(op, "weight")
    weight = effects.original.detach()
    for effect in effects:
        weight = effect(weight) if isinstance(effect, Effect) and effect.known else weight
    return weight


def manufacture(clean: Network, parts: Parts, name: int | str) -> Chip:
    """A chip by its name, programmed with the parameters of a clean network; without parts, a copy of that network."""
    made, foundry = copy.deepcopy(clean), Foundry(name)
    for i, (model, options) in enumerate(parts):
        foundry.again = sum(model is earlier for earlier, _ in parts[:i])
        model.disturb(made, options, foundry)
    for layer in made.layers:
        if layer.programmable and parametrize.is_parametrized(layer.op, "weight"):
            errors = _Errors()
            layer.op.register_forward_pre_hook(errors.before)
            layer.op.register_forward_hook(errors.after)
    return Chip(made.requires_grad_(), foundry.hash, foundry.generators)


def sharing(network: Network, parts: Parts, name: int | str) -> Network:
    """A chip that shares its programmed parameters with `network`, so that gradients reach them."""
    made = manufacture(network, parts, name).network
    for layer, own in zip(made.layers, network.layers, strict=True):
        for name, parameter in own.op.named_parameters(recurse=False):
            if parametrize.is_parametrized(layer.op, name):
                _effects(layer.op, name).original = parameter
            else:
                setattr(layer.op, name, parameter)
    return made


def program_through(module: nn.Module, parameter: str, effect: Callable[[Tensor], Tensor]) -> None:
    """Replace `parameter` of `module` by the effect on it; the programmed value stays the parameter.

    An effect with a method `slope`, its derivative, is known to a calibrator.
    """
    parametrize.register_parametrization(module, parameter, Effect(effect), unsafe=True)


def laid_as(parameter: Tensor, values: Tensor) -> Tensor:
    """Values in the memory layout of a parameter; in another one, convolutions differ in the last bits."""
    return torch.empty_like(parameter, requires_grad=False).copy_(values)


def programmed(layer: Layer, parameter: str) -> Tensor | None:
    """The programmable value of a parameter of a layer, or None if the layer has no such parameter."""
    if parametrize.is_parametrized(layer.op, parameter):
        return _effects(layer.op, parameter).original
    return getattr(layer.op, parameter, None)


def _effects(module: nn.Module, parameter: str) -> ParametrizationList:
    """The effects that turn a programmed value into an effective one."""
    effects = module.get_submodule(f"parametrizations.{parameter}")
    if not isinstance(effects, ParametrizationList):
        raise TypeError(f"{parameter} of {module} goes through {effects}")
    return effects


def programmable(network: Network) -> dict[str, nn.Parameter]:
    """All programmable parameters, by their names in a clean network."""
    found = network.named_parameters()
    return {re.sub(r"\.parametrizations\.(\w+)\.original$", r".\1", name): parameter for name, parameter in found}


def fingerprint(values: Mapping[str, Tensor]) -> str:
    """The sha256 of programmed values, the same in every memory layout."""
    found = hashlib.sha256()
    for name, value in sorted(values.items()):
        found.update(name.encode())
        found.update(value.detach().cpu().numpy().tobytes())
    return found.hexdigest()


@torch.no_grad()
def program(network: Network, values: Mapping[str, Tensor]) -> None:
    """Program a chip with values by the names of `programmable`; raises KeyError if one is missing."""
    for name, parameter in programmable(network).items():
        parameter.copy_(values[name])


def set_silicon(layer: Layer, **changes: Any) -> None:
    """Change a layer's silicon; tuples of functions are appended to the present ones."""
    silicon = layer.silicon
    stacked = {name: (*getattr(silicon, name), *new) for name, new in changes.items() if isinstance(new, tuple)}
    layer.silicon = dataclasses.replace(silicon, **{**changes, **stacked})
