"""The course of a training: its epochs, its traces and its best network so far."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from snn.model.network import Network
from snn.training.validation import Scored


class Epoch(Scored):
    """One epoch; `loss` is None for a rule that trains nothing."""

    epoch: int
    epoch_lr: float
    loss: float | None


class Trace(TypedDict):
    """A quantity observed after an epoch; `layer` is None for the whole network."""

    epoch: int
    quantity: str
    layer: int | None
    value: float


@dataclass
class Course:
    """The best network, the epochs, the traces (epoch 0: untrained), and how the training ended."""

    best: Network
    history: list[Epoch] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    status: Literal["ok", "diverged"] = "ok"
