"""A calibrator is a file here, found by its name, with one subclass of `Calibrator`, which programs a chip again.

It sees the chip's outputs (spikes, scores) and its programmable parameters, never what the hardware does to them. Every
batch brings what the chip has to imitate: target rates of the hidden layers, and the goal of the read-out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from snn.config import Calibration, Training, params
from snn.core.lazy import lazy
from snn.core.plugins import defined_in

if TYPE_CHECKING:
    from torch import Tensor

    from snn.model.network import Network

optimiser = lazy("snn.training.optimiser")


class Lesson(NamedTuple):
    """A batch of inputs, target rates of the hidden layers (B, N), and the goal: classes (B,) or scores (B, K)."""

    x: Tensor
    rates_BN: Sequence[Tensor]
    goal: Tensor


class Calibrator(ABC):
    """Base of all calibrators; `updates` counts how often parameters were written, `writes` how many values.

    `network` holds the parameters that are written. `chip` returns the network that runs a batch, by default `network`.
    """

    def __init__(self, network: Network, settings: Calibration):
        self.network, self.settings, self.updates, self.writes = network, settings, 0, 0
        self.chip: Callable[[], Network] = lambda: network

    @classmethod
    def recipe(cls, settings: Calibration) -> Training | None:
        """The complete recipe of an optimiser with these settings, which names the result; None if there is none."""
        return None

    @abstractmethod
    def learning_macs(self, dense_macs: Sequence[int]) -> int:
        """Multiply-accumulates of learning from one sample, without its inference.

        `dense_macs`: multiply-accumulates of each layer at one step.
        """

    @abstractmethod
    def epoch(self, lessons: Iterable[Lesson]) -> float:
        """Learn from every lesson once; returns the mean loss."""


class Descent(Calibrator):
    """Adam on the gradients of losses, which must reach the parameters of `network` through the chip that is run."""

    def __init__(self, network: Network, settings: Calibration):
        super().__init__(network, settings)
        self._optimiser = optimiser.build(network, self.recipe(settings))

    @classmethod
    def recipe(cls, settings: Calibration) -> Training:
        """Adam at a constant learning rate; what is not named here is as in any recipe, and enters the digest."""
        return Training(epochs=settings.epochs, batch=settings.batch, optimiser="adam", lr=settings.lr)

    @abstractmethod
    def losses(self, chip: Network, lesson: Lesson) -> Iterator[Tensor]:
        """The terms of the loss; each is back-propagated when it is yielded."""

    def epoch(self, lessons: Iterable[Lesson]) -> float:
        total, samples = 0.0, 0
        for lesson in lessons:
            self._optimiser.zero_grad()
            for loss in self.losses(self.chip(), lesson):
                loss.backward()
                total += float(loss.detach()) * len(lesson.goal)
            optimiser.step(self._optimiser, self.settings.lr)
            self.updates += 1
            self.writes += sum(parameter.numel() for parameter in self.network.parameters())
            samples += len(lesson.goal)
        return total / samples


def load(name: str, where: str) -> type[Calibrator]:
    """The calibrator of the file `name`; raises InputError for an unknown name, or for a file that defines none."""
    return defined_in(params.load_plugin("hardware.calibrators", name, where), Calibrator)
