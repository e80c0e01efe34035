"""A training rule is a file here, found by its name, with

    Options                     what its YAML may say under `options`, a `strict.Model`
    class NAME(Rule)            the one subclass of `rules.Rule` that the file defines, under any name

and a YAML file in `params/methods`. The harness owns data, schedule, model choice and evaluation; a rule supplies a
student and its losses. Rule files are read at parse time, without torch: heavy modules come from `lazy`.
"""

from __future__ import annotations

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
    """What is to be learned, and by which layers."""

    input_shape: Shape
    outputs: int
    layers: tuple[LayerSpec, ...]
    steps: int

    def architecture(self, **neurons_and_readout: Any) -> Architecture:
        """These layers with a rule's neurons, norm, coding and read-out; by default the mean current over all steps."""
        return Architecture(
            input_shape=self.input_shape,
            outputs=self.outputs,
            layers=self.layers,
            steps=self.steps,
            **neurons_and_readout,
        )


@dataclass(frozen=True)
class Batch:
    """What one update sees; `parents` are deployed networks by role, frozen; `generator` belongs to (seed, epoch).

    `x` are images (B, C, H, W) or frames of events (T, B, C, H, W); `y` are classes (B,) or numbers (B, K).
    """

    x: Tensor
    y: Tensor
    parents: Mapping[str, Network]
    epoch: int
    epochs: int
    generator: torch.Generator


class Rule:
    """One rule, with its options. Only `student` and `losses` must be written."""

    static: ClassVar[bool] = False  # trains an ANN: one step, whatever the steps of the experiment
    trains: ClassVar[bool] = True  # False: the student is finished when it is made
    parents: ClassVar[frozenset[str]] = frozenset()  # roles it needs: "teacher"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    options: Any  # the `Options` of its file, which a subclass names

    def __init__(self, options: Any):
        self.options = options

    @property
    def teacher_percentile(self) -> float:
        """The percentile, in (0, 100], of a teacher's activations that asks for a spike at every step: activations over
        it are the target rates, in training and where a chip is calibrated with the teacher's targets.
        """
        return 100.0

    @property
    def has_neunorm(self) -> bool:
        """Whether its networks have NeuNorm (`spec.NeuNorm`)."""
        return False

    @staticmethod
    def check(options: Any, steps: int) -> None:
        """Raise ValueError when these options make no sense at this number of steps."""

    def student(self, task: Task, parents: Mapping[str, Network], x: Tensor) -> Network:
        """What is trained; torch's global generator is seeded from the run when this is called.

        `x` is a fixed sample of the training inputs, without augmentation, for rules that set a scale by it.
        """
        raise NotImplementedError

    def losses(self, student: Network, batch: Batch) -> Iterator[Tensor]:
        """The terms of the loss; each is back-propagated when it is yielded, then follows one update."""
        raise NotImplementedError

    def observe(self, student: Network, batch: Batch) -> Iterator[tuple[str, int | None, float]]:
        """What is worth tracing over the epochs, on a batch of validation data: (quantity, layer or None, value).

        The student is in evaluation mode; layers count from 1.
        """
        yield from ()

    def deploy(self, student: Network) -> Network:
        """The network that is evaluated: free of norms, in evaluation mode, sharing no memory with the student."""
        return network.fold(student)


def load(name: str, where: str) -> type[Rule]:
    """The rule of the file `name`; raises InputError for an unknown name, or for a file that defines no rule."""
    return defined_in(params.load_plugin("rules", name, where), Rule)
