"""Networks, neurons and batches that several quantities share."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import readable
from benchmarks.measure import Equality
from snn import rules
from snn.config import Init, params
from snn.core.errors import InputError
from snn.core.strict import Shape
from snn.model.network import Network
from snn.model.spec import Conv, LayerSpec, Linear, Neuron, Norm, Relu
from snn.rules import Batch, Rule, Task
from snn.training.loop import initialise
from snn.training.records import QUIET

BATCH, SHAPE, CLASSES = 32, (3, 32, 32), 10
OF_LOSS = "relative difference of the loss"

# Numbers that are exact in every peer's equations: decay 1/2, threshold 1, a surrogate of height 1.
RECTANGLE = Neuron(decay=0.5, threshold=1.0, reset="zero", fires="at", surrogate="rectangle", width=0.5, height=1.0)
TRIANGLE = RECTANGLE.model_copy(update={"surrogate": "triangle", "width": 1.0})


def half_vgg11() -> tuple[LayerSpec, ...]:
    """VGG-11 of `params/networks/ltl_vgg11.yaml` with half the channels: 8 convolutions with strides, 2 linear."""
    return tuple(_half(layer) for layer in params.load("networks", "ltl_vgg11").layers)


def _half(layer: LayerSpec) -> LayerSpec:
    if isinstance(layer, Conv):
        return layer.model_copy(update={"conv": layer.conv // 2})
    if isinstance(layer, Linear):
        return layer.model_copy(update={"linear": layer.linear // 2})
    raise TypeError(layer)


@dataclass(frozen=True)
class Recipe:
    """A method of `params/methods`, with options that replace its own. `gain`: factor on torch's initial weights."""

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    gain: float = 1.0

    def rule(self) -> Rule:
        """Its rule, with the options."""
        method = params.load_method(self.method, {"options": dict(self.options)}, Path("benchmarks"))
        return rules.load(method.rule, self.method)(method.options)


STBP = Recipe("STBP", "stbp_no_norm", {"neuron": RECTANGLE.model_dump()}, gain=4.0)
TET = Recipe("TET", "tet", {"neuron": TRIANGLE.model_dump(), "norm": None}, gain=4.0)
STBP_NORM = Recipe("STBP, norm", "stbp", {"neuron": RECTANGLE.model_dump()}, gain=4.0)
TET_NORM = Recipe("TET, norm", "tet", {"neuron": TRIANGLE.model_dump()})
TANDEM = Recipe("tandem, norm", "tandem")
LTL_OFFLINE = Recipe("LTL offline", "ltl_offline", gain=3.0)
LTL_ONLINE = Recipe("LTL online", "ltl_online", {"warm_up": 0}, gain=3.0)


@dataclass(frozen=True)
class Training:
    """A student that learns from one batch, again and again; its learning rate is 0, so that each step is the same."""

    rule: Rule
    student: Network
    batch: Batch
    optimiser: torch.optim.Optimizer

    def step(self, mixed: bool = False) -> float:
        """Forward, backward and update; returns the loss. `mixed`: products in bfloat16, see `snn.training.loop`."""
        self.optimiser.zero_grad()
        total, losses = 0.0, self.rule.losses(self.student, self.batch)
        while (loss := _next(losses, mixed)) is not None:
            loss.backward()
            total += float(loss.detach())
        self.optimiser.step()
        return total

    @torch.no_grad()
    def quietest(self) -> float:
        """The lowest share of outputs that are not 0 in a layer: equal losses of silent networks tell nothing."""
        return min(
            float((y_TBN != 0).float().mean()) for _, y_TBN in self.student.walk(self.student.encode(self.batch.x))
        )

    def equality(self) -> Equality:
        """Against the same network by its readable definition; raises InputError if a layer is silent."""
        if (share := self.quietest()) < QUIET:
            raise InputError(
                "benchmarks", f"a layer answers in {share:.2%} of its steps", "raise the gain of its recipe"
            )
        before = {name: tensor.clone() for name, tensor in self.student.state_dict().items()}
        found = self.step(), gradients(self.student)
        self.student.load_state_dict(before)  # the running statistics, by which tandem learning folds its norms
        with readable.definition():
            expected = self.step(), gradients(self.student)
        return Equality(
            abs(found[0] - expected[0]) / abs(expected[0]), OF_LOSS, farthest(found[1], expected[1], self.student)
        )


def _next(losses: Iterator[Tensor], mixed: bool) -> Tensor | None:
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        return next(losses, None)


def gradients(net: nn.Module) -> list[Tensor]:
    """The gradient of every parameter, in their order; raises ValueError if one has none."""
    found = {name: parameter.grad for name, parameter in net.named_parameters()}
    if missing := [name for name, gradient in found.items() if gradient is None]:
        raise ValueError(f"no gradient: {', '.join(missing)}")
    return [gradient.clone() for gradient in found.values() if gradient is not None]


def farthest(found: Sequence[Tensor], expected: Sequence[Tensor], student: Network) -> float:
    """The worst of all parameters: the largest difference of their gradients over the largest expected one.

    A bias before a norm has the gradient 0 but for rounding, so its difference is over the largest gradient of the
    weights beside it. `student` names the parameters. Raises InputError if all of an expected gradient is 0.
    """
    drowned = {f"layers.{i}.op.bias" for i, layer in enumerate(student.layers) if layer.norm}
    names = [name for name, _ in student.named_parameters()]
    worst, largest = 0.0, 0.0
    for name, one, other in zip(names, found, expected, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"{name}: {tuple(one.shape)} is compared with {tuple(other.shape)}")
        largest = largest if name in drowned else float(other.abs().max())
        if largest == 0:
            raise InputError("benchmarks", f"{name} learns nothing", "raise the gain of its recipe")
        difference = float((one - other).abs().max())
        worst = max(worst, difference / largest) if difference == difference else math.nan
    return worst


def training(recipe: Recipe, steps: int, layers: tuple[LayerSpec, ...] | None = None, shape: Shape = SHAPE) -> Training:
    """A rule at work on half-width VGG-11, or on other layers."""
    layers = half_vgg11() if layers is None else layers
    rule = recipe.rule()
    torch.manual_seed(0)
    x_BCHW, y_B = images(shape)
    parents = {"teacher": teacher(layers, shape)} if "teacher" in rule.parents else {}
    student = rule.student(Task(shape, CLASSES, layers, steps), parents, x_BCHW)
    initialise(student, Init(gain=recipe.gain))
    student.train()
    batch = Batch(x_BCHW, y_B, parents, 0, 1, torch.Generator())
    settle(rule, student, batch)
    return Training(rule, student, batch, frozen(student))


@torch.no_grad()
def settle(rule: Rule, student: Network, batch: Batch) -> None:
    """Give norms the statistics of the batch as their running ones, by which tandem learning folds them."""
    norms = [layer.norm for layer in student.layers if layer.norm]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        list(rule.losses(student, batch))
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum


def images(shape: Shape = SHAPE, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """Random images in channels-last memory, and their classes."""
    x_BCHW = torch.randn(batch, *shape, generator=torch.Generator().manual_seed(1))
    return x_BCHW.contiguous(memory_format=torch.channels_last), torch.arange(batch) % CLASSES


def teacher(layers: tuple[LayerSpec, ...], shape: Shape = SHAPE) -> Network:
    """An ANN with the same layers, as it is deployed."""
    architecture = Task(shape, CLASSES, layers, 1).architecture(activation=Relu(clip=2.0), norm=None)
    return Network(architecture).requires_grad_(False).eval()


def frozen(net: nn.Module) -> torch.optim.Optimizer:
    """SGD that does its work and changes nothing."""
    return torch.optim.SGD(net.parameters(), lr=0.0, fused=True)


def ann(layers: tuple[LayerSpec, ...], shape: Shape, norm: Norm | None) -> nn.Sequential:
    """The same layers with ReLU in plain torch, channels-last."""
    found, channels, (height, width) = [], shape[0], shape[1:]
    for spec in layers:
        if isinstance(spec, Conv):
            found.append(nn.Conv2d(channels, spec.conv, spec.kernel, spec.stride, spec.padding, bias=spec.bias))
            height, width = ((n + 2 * spec.padding - spec.kernel) // spec.stride + 1 for n in (height, width))
            channels = spec.conv
            found += [nn.BatchNorm2d(channels)] if norm else []
        elif isinstance(spec, Linear):
            found += [nn.Flatten(), nn.Linear(channels * height * width, spec.linear)]
            channels, height, width = spec.linear, 1, 1
            found += [nn.BatchNorm1d(channels)] if norm else []
        else:
            raise TypeError(spec)
        found.append(nn.ReLU())
    return nn.Sequential(*found, nn.Linear(channels, CLASSES)).to(memory_format=torch.channels_last)


def ann_step(layers: tuple[LayerSpec, ...], steps: int, norm: Norm | None, shape: Shape = SHAPE) -> Callable[[], float]:
    """The bound "ANN xT": forward, backward and update of the same layers with ReLU, on a batch of T x B images."""
    torch.manual_seed(0)
    net = ann(layers, shape, norm)
    x_bCHW, y_b = images(shape, BATCH * steps)
    optimiser = frozen(net)

    def step() -> float:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(x_bCHW), y_b)
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return step
