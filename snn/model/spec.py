"""A network as data: its neuron, its layers, its read-out. No torch; `graph` connects the layers.

A network file lists hidden layers; a linear read-out behind the last one is always added. Shapes are of one sample at
one step: (C, H, W) for maps, (N,) for vectors.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from snn.core.strict import Count, Many, Model, Neutral, Pixels, Positive, Shape, Window

MOST_STEPS = 10_000  # of an inference
Steps = Annotated[int, Field(gt=0, le=MOST_STEPS)]


class Neuron(Model):
    """A spiking neuron and the surrogate of its derivative, as its paper defines them: papers differ in every field.

    u[t] = v[t-1] + x[t];   s[t] = 1 if u[t] > threshold (or >=), else 0
    v[t] = decay u[t] (1 - s[t])           reset "zero"       (STBP, TET, LTL)
    v[t] = decay u[t] - threshold s[t]     reset "subtract"   (Tandem: the subtracted charge does not leak)
    ds/du := height 1[|u - threshold| < width]                    surrogate "rectangle"
             height max(0, 1 - |u - threshold| / width)           surrogate "triangle"

    `detach_reset`: no gradient through the s of a reset. `smooth`: k of TET's control without spikes,
    s[t] = sigmoid(k (u[t] - threshold)), with its exact derivative.
    `decay`: share of the membrane that is left after a step. `threshold`: in units of the current. `reset`: what a
    spike does to the membrane. `fires`: above the threshold, or at it, too. `surrogate`: of the derivative.
    `width`, `height`: of the surrogate, as above.
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
    """The activation of an ANN: max(0, z), clipped at `clip` and rounded to `levels` equal steps up to it, if given.

    The gradient ignores the rounding.
    `clip`: upper bound. `levels`: number of steps, needs a clip.
    """

    clip: Annotated[float, Field(gt=0)] | None = None
    levels: Annotated[Positive | None, Neutral(None)] = None

    @model_validator(mode="after")
    def _levels_need_a_range(self) -> "Relu":
        if self.levels and self.clip is None:
            raise ValueError("levels need a clip")
        return self


class Norm(Model):
    """Batch normalisation over steps x batch (x space); `momentum` is the weight of the new batch, as in PyTorch.

    `to_threshold` (tdBN, Zheng et al., AAAI 2021): y = w alpha threshold (x - mean) / sqrt(var + eps) + b, with
    alpha = 1/sqrt(2) for branches whose currents are summed, else 1.
    `momentum`: as above. `eps`: added to the variance. `to_threshold`: tdBN, as above.
    """

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    eps: Annotated[float, Field(gt=0)] = 1e-5
    to_threshold: Annotated[bool, Neutral(False)] = False


class Dropout(Model):
    """Dropout with probability `p` on the inputs of these kinds of layers, in training; every step draws again.

    Inputs of the first layer are never dropped.
    `p`: the probability. `before`: kinds of layers whose inputs are dropped.
    """

    p: Annotated[float, Field(gt=0, lt=1)]
    before: Annotated[Many[Literal["conv", "linear", "readout"]], Field(min_length=1)]


class NeuNorm(Model):
    """Neuron normalisation (Wu et al., AAAI 2019), between two convolutions, F feature maps, one state x per position:

    x[t] = decay x[t-1] + gain sum_f s_f[t];      y_f[t] = s_f[t] - U_f x[t]

    `decay`: of the state x. `gain`: "printed", (1 - decay) / F^2, so that x <= 1/F; "average", (1 - decay) / F, so that
    x <= 1. `shared`: U is 1 x H x W, in place of C x H x W.
    """

    decay: Annotated[float, Field(ge=0, lt=1)]
    gain: Literal["printed", "average"]
    shared: Annotated[bool, Neutral(False)] = False


class Readout(Model):
    """How the last layer becomes scores: scores[k] = sum_t w[t] o[t, k].

    `kind`: o is the current of a layer without neurons ("current"); the share of a class's `voters` that fire ("votes",
    population voting; one voter is a spike count); or current plus spikes ("current_and_spikes", as in LTL's released
    offline code).
    `over_steps`: w[t] = 1/T ("mean"); 1 ("sum"); or T - max(t, min(warm_up, T - 1)), the sum of the running sums from
    step warm_up on, at least of the last one ("running").
    """

    kind: Literal["current", "votes", "current_and_spikes"] = "current"
    voters: Positive = 1
    over_steps: Literal["mean", "sum", "running"] = "mean"
    warm_up: Count = 0

    def weights(self, steps: int) -> list[float]:
        """w[t] for every step."""
        if self.over_steps == "running":
            return [float(steps - max(t, min(self.warm_up, steps - 1))) for t in range(steps)]
        return [1 / steps if self.over_steps == "mean" else 1.0] * steps


class Conv(Model):
    """2-D convolution, then (norm and) neurons; by default 3x3 with padding 1.

    `norm`: whether the norm of the method, if any, applies to it.
    `conv`: output channels. `kernel`, `stride`, `padding`: in pixels, along both axes. `groups`: groups of channels
    that are connected. `bias`: whether it has one.
    """

    conv: Positive
    kernel: Window = 3
    stride: Window = 1
    padding: Pixels = 1
    groups: Positive = 1
    bias: bool = True
    norm: bool = True


class Linear(Model):
    """Fully connected layer on the flattened input, then (norm and) neurons.

    `linear`: output neurons. `bias`: whether it has one. `norm`: as of a `Conv`.
    """

    linear: Positive
    bias: bool = True
    norm: bool = True


class AvgPool(Model):
    """Average pooling, kernel = stride, or over the whole map. It is linear, so spikes are counted at its input.

    `avg_pool`: side of the window in pixels, or global.
    """

    avg_pool: Window | Literal["global"]


class MaxPool(Model):
    """Max pooling; by default stride = kernel. It is not linear, so spikes are counted at its output.

    `max_pool`: side of the window in pixels. `stride`, `padding`: in pixels.
    """

    max_pool: Window
    stride: Window | None = None
    padding: Pixels = 0


class Block(Model):
    """A residual block: convolutions, and a shortcut around them, with or without a convolution of its own.

    `block`: the convolutions. `shortcut`: the convolution around them; without it, the input itself.
    `add`: "currents", the shortcut is added to the current of the last convolution, before its neurons (ResNet);
    "spikes", every convolution fires, and spikes are added (SEW-ResNet).
    """

    block: Annotated[Many[Conv], Field(min_length=1)]
    shortcut: Conv | None = None
    add: Literal["currents", "spikes"]


class Add(Model):
    """The sum of two outputs, in a `Block` that adds spikes."""


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
    """Everything needed to rebuild a network around its tensors; every saved network contains it.

    `encoding`: the image as the same current at every step (`repeat`, direct coding) or at the first step only
    (`once`). `bias_share`: biases are spread over the steps, so they depend on the number of steps (tandem learning).
    """

    input_shape: Shape
    outputs: Positive
    layers: Annotated[Many[LayerSpec], Field(min_length=1)]
    steps: Steps
    activation: Neuron | Relu
    norm: Norm | None
    dropout: Dropout | None = None
    neunorm: NeuNorm | None = None
    encoding: Literal["repeat", "once"] = "repeat"
    readout: Readout = Readout()
    bias_share: bool = False
