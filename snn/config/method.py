"""Methods: a training rule with its options, and the recipe of the training loop. No torch."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SerializeAsAny, model_validator

from snn.core.strict import Epochs, Many, Model, Neutral, Positive
from snn.model.spec import Steps


class Schedule(Model):
    """Factor on the learning rate over training: a linear rise over `warmup`, then the curve.

    `per`: a cosine falls at every update, or keeps, within an epoch, its value at the first update of the epoch.
    `curve`: constant, cosine (to zero), or steps. `warmup`: share of all updates. `milestones`: epochs at which a curve
    of steps falls, and `factor`: by which it falls.
    """

    curve: Literal["constant", "cosine", "steps"] = "constant"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    milestones: Many[Epochs] = ()
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    per: Annotated[Literal["update", "epoch"], Neutral("update")] = "update"

    @model_validator(mode="after")
    def _only_a_cosine_falls_within_epochs(self) -> "Schedule":
        if self.per == "epoch" and self.curve != "cosine":
            raise ValueError("per: epoch belongs to curve: cosine")
        return self


class LrScale(Model):
    """Factors on the learning rate of weights and biases by kind of layer; norms and NeuNorm's U keep 1.

    `conv`, `linear`, `readout`: the factor of that kind of layer; readout is the last layer.
    """

    conv: Annotated[float, Field(ge=0)] = 1.0
    linear: Annotated[float, Field(ge=0)] = 1.0
    readout: Annotated[float, Field(ge=0)] = 1.0


class Training(Model):
    """The recipe of one training, for the loop that all rules share.

    `epochs`: passes over the training data. `batch`: samples per update. `optimiser`: of torch. `lr`: learning rate,
    before schedule and lr_scale. `momentum`: of sgd. `weight_decay`: as the optimiser of torch defines it. `lr_scale`:
    factors by kind of layer. `schedule`: factor over training.
    """

    epochs: Epochs
    batch: Positive
    optimiser: Literal["sgd", "adam", "adamw"]
    lr: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    lr_scale: LrScale = LrScale()
    schedule: Schedule = Schedule()


class Init(Model):
    """Initial weights of synapses, times `gain`. Biases keep torch's initial values.

    `scheme`: torch, the initial values of torch; kaiming_fan_out, normal with variance 2 / fan-out for convolutions.
    `gain`: factor on the initial weights.
    """

    scheme: Literal["torch", "kaiming_fan_out"] = "torch"
    gain: Annotated[float, Field(gt=0)] = 1.0


class Start(Model):
    """The run that a training starts from: a method, the same or another, with fewer steps and the same layers.

    `method`: a file or variant in params/methods. `steps`: with which it was trained.
    """

    method: str
    steps: Steps


class Method(Model):
    """A training rule with its options, and the recipe of the training loop.

    `steps`, `teacher`: in place of those of the experiment. `start`: the run whose weights it starts from (TIT).
    `source`: the paper, what is as printed and what is ours. `rule`: a file of snn/rules. `options`: keys of the rule.
    `training`: the recipe. `init`: initial weights.
    A file may name another method as its `base` and state only the keys that differ. Its section `variants` may hold
    further methods, by their names, each with the keys in which it differs from the file.
    """

    source: str
    rule: str
    options: SerializeAsAny[BaseModel]
    training: Training
    init: Init = Init()
    steps: Steps | None = None
    teacher: str | None = None
    start: Start | None = None
