"""The course of a training: what is known of every epoch, and the best network so far."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from snn.model.network import Network
from snn.training.validation import Scored


class Epoch(Scored):
    """One epoch; a rule that trains nothing has no loss."""

    epoch: int
    lr: float
    loss: float | None


class Trace(TypedDict):
    """What was observed after an epoch, of one layer or of the whole network."""

    epoch: int
    quantity: str
    layer: int | None
    value: float


@dataclass
class Course:
    """What a training leaves behind: its epochs, what was traced (epoch 0: untrained), the best network, and how it
    ended.
    """

    best: Network
    history: list[Epoch] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    status: Literal["ok", "diverged"] = "ok"
