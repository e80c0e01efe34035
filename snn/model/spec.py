"""A network as data: its neuron, its layers, its read-out. No torch; how layers are wired is in `wiring`.

A network file lists hidden layers; the read-out, a linear layer on the last of them, is always added. Shapes are one
sample at one step: (C, H, W) for maps, (N,) for vectors.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from snn.core.strict import Many, Model, Neutral, Positive, Shape


class Neuron(Model):
    """A spiking neuron and the surrogate of its derivative; papers differ in every field, nothing is normalised.

    u[t] = v[t-1] + x[t];   s[t] = 1 if u[t] > threshold (or >=), else 0
    v[t] = decay u[t] (1 - s[t])           reset "zero"       (STBP, TET, LTL)
    v[t] = decay u[t] - threshold s[t]     reset "subtract"   (Tandem: the subtracted charge does not leak)
    ds/du := height 1[|u - threshold| < width]                    surrogate "rectangle"
             height max(0, 1 - |u - threshold| / width)           surrogate "triangle"

    `detach_reset`: no gradient through the s of a reset. `smooth`: k of TET's control without spikes, s[t] =
    sigmoid(k (u[t] - threshold)), whose derivative is its own.
    """

    decay: Annotated[float, Field(ge=0, le=1)]
    threshold: Annotated[float, Field(gt=0)]
    reset: Literal["zero", "subtract"]
    fires: Literal["above", "at"]
    surrogate: Literal["rectangle", "triangle"]
    width: Annotated[float, Field(gt=0)]
    height: Annotated[float, Field(gt=0)]
    detach_reset: Annotated[bool, Neutral(False)] = False
    smooth: Annotated[Annotated[float, Field(gt=0)] | None, Neutral(None)] = None


class Relu(Model):
    """The activation of an ANN: max(0, z), cut at `clip` if given, rounded to `levels` equal steps up to it if given.

    The gradient passes the rounding as if it were not there.
    """

    clip: Annotated[float, Field(gt=0)] | None = None
    levels: Annotated[Positive | None, Neutral(None)] = None

    @model_validator(mode="after")
    def _levels_need_a_range(self) -> "Relu":
        if self.levels and self.clip is None:
            raise ValueError("levels need a clip to divide")
        return self


class Norm(Model):
    """Batch normalisation over steps x batch (x space); `momentum` weighs the NEW batch, as in PyTorch.

    `to_threshold` (tdBN, Zheng et al., AAAI 2021): y = w alpha threshold (x - mean) / sqrt(var + eps) + b, with
    alpha = 1/sqrt(2) for branches whose currents are summed, else 1.
    """

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    eps: Annotated[float, Field(gt=0)] = 1e-5
    to_threshold: Annotated[bool, Neutral(False)] = False


class Dropout(Model):
    """Inputs of these kinds of layers, never of the first, are dropped with probability `p` in training; every step
    draws again.
    """

    p: Annotated[float, Field(gt=0, lt=1)]
    before: Annotated[Many[Literal["conv", "linear", "readout"]], Field(min_length=1)]


class NeuNorm(Model):
    """Neuron normalisation (Wu et al., AAAI 2019), between two convolutions, F feature maps, one state x a position:

    x[t] = decay x[t-1] + gain sum_f s_f[t];      y_f[t] = s_f[t] - U_f x[t]

    `gain` "printed": (1 - decay) / F^2, so that x <= 1/F; "average": (1 - decay) / F, so that x <= 1. U is C x H x W,
    or 1 x H x W where `shared`.
    """

    decay: Annotated[float, Field(ge=0, lt=1)]
    gain: Literal["printed", "average"]
    shared: Annotated[bool, Neutral(False)] = False


class Readout(Model):
    """How the last layer becomes scores: scores[k] = sum_t w[t] o[t, k].

    `kind`: o is the current of a layer that never fires ("current"); the share of a class's `voters` that fire
    ("votes", population voting; one voter is a spike count); or both, added up ("current_and_spikes", what LTL's
    released offline code returns).
    `over_steps`: w[t] = 1/T ("mean"), 1 ("sum"), or T - max(t, warm_up), which sums the running sums from step warm_up
    on, or the last one where there are no more steps ("running").
    """

    kind: Literal["current", "votes", "current_and_spikes"] = "current"
    voters: Positive = 1
    over_steps: Literal["mean", "sum", "running"] = "mean"
    warm_up: Annotated[int, Field(ge=0)] = 0

    def weights(self, steps: int) -> list[float]:
        """w[t] for every step."""
        if self.over_steps == "running":
            return [float(steps - max(t, min(self.warm_up, steps - 1))) for t in range(steps)]
        return [1 / steps if self.over_steps == "mean" else 1.0] * steps


class Conv(Model):
    """2-D convolution, then (norm and) neurons; 3x3 with padding 1 unless another is given.

    `norm`: whether it takes the norm of the method, if that has one.
    """

    conv: Positive
    kernel: Positive = 3
    stride: Positive = 1
    padding: Annotated[int, Field(ge=0)] = 1
    groups: Positive = 1
    bias: bool = True
    norm: bool = True


class Linear(Model):
    """Fully connected layer on the flattened input, then (norm and) neurons."""

    linear: Positive
    bias: bool = True
    norm: bool = True


class AvgPool(Model):
    """Average pooling, kernel = stride, or over the whole map: linear, so its spikes are counted before it."""

    avg_pool: Positive | Literal["global"]


class MaxPool(Model):
    """Max pooling; stride = kernel unless another is given. Not linear, so its spikes are counted behind it."""

    max_pool: Positive
    stride: Positive | None = None
    padding: Annotated[int, Field(ge=0)] = 0


class Block(Model):
    """A residual block: convolutions, and a shortcut around them, through a convolution of its own or without.

    `add` "currents": the shortcut is added to the current of the last convolution, before its neurons (ResNet).
    "spikes": every convolution fires, and spikes are added (SEW-ResNet).
    """

    block: Annotated[Many[Conv], Field(min_length=1)]
    shortcut: Conv | None = None
    add: Literal["currents", "spikes"]


class Add(Model):
    """The sum of two outputs, made by a `Block` that adds spikes."""


KINDS = {"conv": Conv, "linear": Linear, "avg_pool": AvgPool, "max_pool": MaxPool, "block": Block}


def _kind(layer: Any) -> str:
    keys = layer if isinstance(layer, dict) else getattr(type(layer), "model_fields", ())
    return next((kind for kind in KINDS if kind in keys), "conv")


LayerSpec = Annotated[
    Annotated[Conv, Tag("conv")]
    | Annotated[Linear, Tag("linear")]
    | Annotated[AvgPool, Tag("avg_pool")]
    | Annotated[MaxPool, Tag("max_pool")]
    | Annotated[Block, Tag("block")],
    Discriminator(_kind),
]


class Architecture(Model):
    """All that is needed to rebuild a network around its tensors; travels inside every saved network.

    `encoding`: the image as the same current at every step (`repeat`, direct coding) or at the first step only
    (`once`). `bias_share`: biases are spread over the steps, hence depend on their number (tandem learning).
    """

    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]
    steps: Positive
    activation: Neuron | Relu
    norm: Norm | None
    dropout: Dropout | None = None
    neunorm: NeuNorm | None = None
    encoding: Literal["repeat", "once"] = "repeat"
    readout: Readout = Readout()
    bias_share: bool = False
