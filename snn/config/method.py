"""How a network is trained: the rule with its options, and the recipe of the common loop. No torch."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SerializeAsAny

from snn.config.dataset import Steps
from snn.core.strict import Many, Model, Positive


class Schedule(Model):
    """Learning rate over training, as a factor on `lr`: a linear rise over `warmup`, then the curve."""

    curve: Literal["constant", "cosine", "steps"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of all updates
    milestones: Many[Positive] = ()  # epochs at which a `steps` curve falls
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1  # by which it falls


class LrScale(Model):
    """Factors on the learning rate of weights and biases by kind of layer; norms and NeuNorm's U keep 1."""

    conv: Annotated[float, Field(ge=0)] = 1.0
    linear: Annotated[float, Field(ge=0)] = 1.0
    readout: Annotated[float, Field(ge=0)] = 1.0


class Training(Model):
    """The recipe of one training: what every rule leaves to the common loop."""

    epochs: Positive
    batch: Positive
    optimiser: Literal["sgd", "adam", "adamw"]
    lr: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9  # of sgd
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    lr_scale: LrScale = LrScale()
    schedule: Schedule = Schedule()


class Init(Model):
    """How weights of synapses start: as torch starts them, or those of convolutions normal with variance 2 / fan-out
    (kaiming), times `gain`. Biases start as torch starts them.
    """

    scheme: Literal["torch", "kaiming_fan_out"] = "torch"
    gain: Annotated[float, Field(gt=0)] = 1.0


class Start(Model):
    """A finished run to start from: the same method trained with fewer steps, or another one of the same layers."""

    method: str
    steps: Steps


class Method(Model):
    """A training rule with its options, and the recipe of the common loop.

    A file may name another method as its `base` and say only what differs. `steps`, `teacher`: its own, in place of the
    experiment's. `start`: the run whose weights it starts from (TIT).
    """

    source: str
    rule: str
    options: SerializeAsAny[BaseModel]
    training: Training
    init: Init = Init()
    steps: Steps | None = None
    teacher: str | None = None
    start: Start | None = None
