"""A training rule is a file here, found by its name, with

    Options                     the keys of `options` in its YAML, a `strict.Model`
    class NAME(Rule)            the one subclass of `rules.Rule` that the file defines, under any name

and a YAML file in `params/methods`. The training loop owns data, schedule, choice of the epoch and evaluation; a rule
supplies a student and its losses. Plans read rule files without torch: heavy modules come from `lazy`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from snn.config import params
from snn.core.lazy import lazy
from snn.core.plugins import defined_in
from snn.core.strict import Shape
from snn.model.spec import Architecture, LayerSpec

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from snn.model.network import Network

network = lazy("snn.model.network")


@dataclass(frozen=True)
class Task:
    """The shapes of a learning task, and the hidden layers of the network."""

    input_shape: Shape
    outputs: int
    layers: tuple[LayerSpec, ...]
    steps: int

    def architecture(self, **neurons_and_readout: Any) -> Architecture:
        """These layers with a rule's neurons, norm, encoding and read-out; by default scores are mean currents."""
        return Architecture(
            input_shape=self.input_shape,
            outputs=self.outputs,
            layers=self.layers,
            steps=self.steps,
            **neurons_and_readout,
        )


@dataclass(frozen=True)
class Batch:
    """The input of one update. `parents`: frozen deployed networks by role; `generator` is seeded by (seed, epoch).

    `x` are images (B, C, H, W) or frames of events (T, B, C, H, W); `y` are classes (B,) or numbers (B, K).
    """

    x: Tensor
    y: Tensor
    parents: Mapping[str, Network]
    epoch: int
    epochs: int
    generator: torch.Generator


class Rule(ABC):
    """One rule, with its options. A subclass must define `student` and `losses`."""

    static: ClassVar[bool] = False  # trains an ANN: one step, not the steps of the experiment
    trains: ClassVar[bool] = True  # False: the student is finished when it is made
    parents: ClassVar[frozenset[str]] = frozenset()  # roles of the networks it learns from: "teacher"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    options: Any  # the `Options` of its file; subclasses narrow the type

    def __init__(self, options: Any):
        self.options = options

    @property
    def teacher_percentile(self) -> float:
        """The percentile, in (0, 100], of a teacher's activations that corresponds to a spike at every step.

        Target rates are activations divided by it, in training and in calibration with the teacher's targets.
        """
        return 100.0

    @property
    def has_neunorm(self) -> bool:
        """Whether its networks contain NeuNorm (`spec.NeuNorm`)."""
        return False

    @staticmethod  # noqa: B027 a rule may have nothing to check
    def check(options: Any, steps: int) -> None:
        """Raise ValueError if these options are invalid with this number of steps."""

    @abstractmethod
    def student(self, task: Task, parents: Mapping[str, Network], x: Tensor) -> Network:
        """The network to train. torch's global generator is seeded by the run before the call.

        `x`: a fixed sample of training inputs without augmentation, for rules that set a scale by it.
        """

    @abstractmethod
    def losses(self, student: Network, batch: Batch) -> Iterator[Tensor]:
        """The terms of the loss. Each is back-propagated when it is yielded; after the last one follows one update."""

    def observe(self, student: Network, batch: Batch) -> Iterator[tuple[str, int | None, float]]:
        """Quantities to record after every epoch, on a batch of validation data: (quantity, layer or None, value).

        The student is in evaluation mode; layers count from 1.
        """
        yield from ()

    def deploy(self, student: Network) -> Network:
        """The network to evaluate: without norms, in evaluation mode, sharing no memory with the student."""
        return network.fold(student)


def load(name: str, where: str) -> type[Rule]:
    """The rule of the file `name`; raises InputError for an unknown name, or for a file that defines no rule."""
    return defined_in(params.load_plugin("rules", name, where), Rule)
