"""A calibrator is a file here, found by its name, with one subclass of `Calibrator`, which programs a chip again.

It sees the chip's answers to inputs (spikes, scores) and its programmable parameters, never what the hardware does to
them. What the chip is to imitate comes with every batch: target rates of the hidden layers, and the goal of the
read-out.
"""

from __future__ import annotations

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
    """A batch of inputs, and what is wanted: rates of the hidden layers (B, N), and classes (B,) or scores (B, K)."""

    x: Tensor
    rates_BN: Sequence[Tensor]
    goal: Tensor


class Calibrator:
    """Base of all calibrators; `updates` counts how often parameters were written, `writes` how many values.

    `network` holds what is written. `chip` gives the network that is run for a batch: itself, unless someone says
    otherwise.
    """

    def __init__(self, network: Network, settings: Calibration):
        self.network, self.settings, self.updates, self.writes = network, settings, 0, 0
        self.chip: Callable[[], Network] = lambda: network

    def learning_macs(self, dense_macs: Sequence[int]) -> int:
        """Multiply-accumulates of learning from one sample, besides the inference; `dense_macs` are those of the layers
        at one step.
        """
        raise NotImplementedError

    def epoch(self, lessons: Iterable[Lesson]) -> float:
        """Learn from every lesson once; returns the mean loss."""
        raise NotImplementedError


class Descent(Calibrator):
    """Gradients of losses, and Adam. Those of the chip that is run have to reach the parameters of `network`."""

    def __init__(self, network: Network, settings: Calibration):
        super().__init__(network, settings)
        recipe = Training(epochs=settings.epochs, batch=settings.batch, optimiser="adam", lr=settings.lr)
        self._optimiser = optimiser.build(network, recipe)

    def losses(self, chip: Network, lesson: Lesson) -> Iterator[Tensor]:
        """Terms that are back-propagated one by one."""
        raise NotImplementedError

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
