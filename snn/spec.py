"""A network as data: its layers, its neuron, its read-out, and the closed-form sizes that follow. No torch.

A network file lists hidden layers; the read-out, a linear layer on the last of them, is always added. Shapes are one
sample at one step: (C, H, W) for maps, (N,) for vectors.
"""

import difflib
from collections.abc import Iterator, Sequence
from math import prod
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]  # a YAML list is welcome
Shape = Many[int]
Positive = Annotated[int, Field(gt=0)]


class Model(BaseModel):
    """Base of everything typed: frozen, strict, and an unknown key is answered with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_key(cls, document: Any) -> Any:
        for key in document if isinstance(document, dict) else ():
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1, cutoff=0)
                raise PydanticCustomError(
                    "unknown_key", "unknown key '{key}', the nearest is '{near}'", {"key": key, "near": near[0]}
                )
        return document


class Neuron(Model):
    """A spiking neuron and the surrogate of its derivative; papers differ in every field, nothing is normalised.

    u[t] = v[t-1] + x[t];   s[t] = 1 if u[t] > threshold (or >=), else 0
    v[t] = decay u[t] (1 - s[t])           reset "zero"       (STBP, TET, LTL)
    v[t] = decay u[t] - threshold s[t]     reset "subtract"   (Tandem: the subtracted charge does not leak)
    ds/du := height 1[|u - threshold| < width]                    surrogate "rectangle"
             height max(0, 1 - |u - threshold| / width)           surrogate "triangle"
    """

    decay: Annotated[float, Field(ge=0, le=1)]
    threshold: Annotated[float, Field(gt=0)]
    reset: Literal["zero", "subtract"]
    fires: Literal["above", "at"]
    surrogate: Literal["rectangle", "triangle"]
    width: Annotated[float, Field(gt=0)]
    height: Annotated[float, Field(gt=0)]


class Relu(Model):
    """The activation of an ANN: max(0, z), cut at `clip` if given."""

    clip: Annotated[float, Field(gt=0)] | None = None


class Norm(Model):
    """Batch normalisation over steps x batch (x space); `momentum` weighs the NEW batch, as in PyTorch."""

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    eps: Annotated[float, Field(gt=0)] = 1e-5


class Readout(Model):
    """How the last layer becomes scores: scores[k] = sum_t step_weights[t] o[t, k].

    `current`: o is the current of a layer that never fires. `votes`: the last layer spikes, `voters` neurons a class,
    and o[t, k] is the share of class k's voters that fire (population voting).
    """

    kind: Literal["current", "votes"] = "current"
    voters: Positive = 1
    step_weights: Many[float]


class Conv(Model):
    """2-D convolution, then (norm and) neurons; 3x3 with padding 1 unless said otherwise."""

    conv: Positive
    kernel: Positive = 3
    stride: Positive = 1
    padding: Annotated[int, Field(ge=0)] = 1
    groups: Positive = 1


class Linear(Model):
    """Fully connected layer on the flattened input, then (norm and) neurons."""

    linear: Positive


class AvgPool(Model):
    """Average pooling, kernel = stride: linear, so its spikes are counted before it."""

    avg_pool: Positive


class MaxPool(Model):
    """Max pooling, kernel = stride: not linear, so its spikes are counted behind it."""

    max_pool: Positive


KINDS = {"conv": Conv, "linear": Linear, "avg_pool": AvgPool, "max_pool": MaxPool}


def _kind(layer: Any) -> str:
    keys = layer if isinstance(layer, dict) else getattr(type(layer), "model_fields", ())
    return next((kind for kind in KINDS if kind in keys), "conv")


LayerSpec = Annotated[
    Annotated[Conv, Tag("conv")]
    | Annotated[Linear, Tag("linear")]
    | Annotated[AvgPool, Tag("avg_pool")]
    | Annotated[MaxPool, Tag("max_pool")],
    Discriminator(_kind),
]


class Architecture(Model):
    """All that is needed to rebuild a network around its tensors; travels inside every saved network.

    `encoding`: the image as the same current at every step (`repeat`, direct coding) or at the first step only
    (`once`).
    """

    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]
    steps: Positive
    activation: Neuron | Relu
    norm: Norm | None
    encoding: Literal["repeat", "once"] = "repeat"
    readout: Readout

    @model_validator(mode="after")
    def _one_weight_a_step(self) -> "Architecture":
        if len(self.readout.step_weights) != self.steps:
            raise ValueError(f"{len(self.readout.step_weights)} read-out weights for {self.steps} steps")
        return self

    @property
    def all_layers(self) -> tuple[LayerSpec, ...]:
        """The hidden layers and the read-out."""
        return (*self.layers, Linear(linear=self.outputs * self.readout.voters))


class Size(NamedTuple):
    """Closed-form size of one layer, per sample and step; biases count as parameters, norms do not.

    `macs_padded` is what papers print: every output times its whole receptive field. `macs` leaves out the taps that
    fall on padding.
    """

    input_shape: Shape
    output_shape: Shape
    parameters: int
    macs: int
    macs_padded: int


def sizes(input_shape: Shape, layers: Sequence[LayerSpec]) -> Iterator[Size]:
    """Shapes, parameters and multiply-accumulates, layer by layer; raises ValueError where a layer does not fit."""
    shape = input_shape
    for number, layer in enumerate(layers, start=1):
        try:
            size = _size(shape, layer)
        except ValueError as error:
            raise ValueError(f"layer {number} ({layer!r}) does not fit an input of shape {shape}: {error}") from None
        yield size
        shape = size.output_shape


def _size(shape: Shape, layer: LayerSpec) -> Size:
    if isinstance(layer, Linear):
        macs = prod(shape) * layer.linear
        return Size(shape, (layer.linear,), macs + layer.linear, macs, macs)
    if len(shape) != 3:
        raise ValueError("it needs maps (C, H, W)")
    channels, *space = shape
    if isinstance(layer, Conv):
        if channels % layer.groups or layer.conv % layer.groups:
            raise ValueError(f"{layer.groups} groups do not divide {channels} and {layer.conv} channels")
        out = [(n + 2 * layer.padding - layer.kernel) // layer.stride + 1 for n in space]
        if min(out) < 1:
            raise ValueError("nothing of the map would be left")
        fan_in = channels // layer.groups
        taps = prod(_taps(n, layer.kernel, layer.stride, layer.padding) for n in space)
        padded = layer.conv * fan_in * layer.kernel**2 * prod(out)
        return Size(
            shape,
            (layer.conv, *out),
            layer.conv * (fan_in * layer.kernel**2 + 1),
            layer.conv * fan_in * taps,
            padded,
        )
    width = layer.avg_pool if isinstance(layer, AvgPool) else layer.max_pool
    if min(space) < width:
        raise ValueError("nothing of the map would be left")
    return Size(shape, (channels, *(n // width for n in space)), 0, 0, 0)


def _taps(n: int, kernel: int, stride: int, padding: int) -> int:
    """Along one axis, pairs (output, tap) that fall on the map and not on its padding."""
    starts = range(-padding, n + padding - kernel + 1, stride)
    return sum(max(min(start + kernel, n) - max(start, 0), 0) for start in starts)
