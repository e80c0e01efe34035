"""Calibration: chips are programmed again so that they do what they should.

Chips learn from training samples. After every epoch a chip is evaluated on validation samples, and the best epoch is
kept; epoch 0 is the chip as it was first programmed. Test samples are not read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from snn.config.levels import noise_parts
from snn.core import seeds, stored
from snn.core.errors import InputError
from snn.core.observer import TERMINAL, Observer
from snn.data import samples
from snn.data.samples import Samples
from snn.hardware import calibrators, chip
from snn.hardware.calibrators import Calibrator, Lesson
from snn.hardware.trials import Design, Trial, trials
from snn.model import local_losses, network
from snn.model.graph import nodes, sizes
from snn.model.network import Network
from snn.training.validation import Scored, better, score

COST = (
    "shown",
    "validated",
    "updates",
    "writes",
    "learning_macs",
)  # samples learned from, samples validated on, writes of parameters, values written
FRESH = 1_000_000  # chips from this number on are drawn for noise-aware training only, never for rows


@dataclass(frozen=True)
class Setup:
    """The chips of one run, how they are calibrated, and the files of the run's network, data and teacher.

    `teacher_percentile`: of the run's rule, see `rules.Rule`. `digest` names the result.
    """

    design: Design
    teacher_percentile: float
    seed: int
    net: Path
    data: Path
    teacher: Path | None
    digest: str


class Epoch(Scored):
    """One epoch of a trial, with everything spent up to its end."""

    epoch: int
    loss: float | None
    shown: int
    validated: int
    updates: int
    writes: int
    learning_macs: int


class Course(NamedTuple):
    """The epochs of a trial, from 0 on, and the parameters of the best (`chosen`) and the last one."""

    history: list[Epoch]
    chosen: dict[str, Tensor]
    last: dict[str, Tensor]
    chosen_epoch: int


class Reference:
    """What a chip is to imitate: its own clean network, or the teacher's activations with the labels."""

    def __init__(self, clean: Network, teacher: Network | None, percentile: float):
        self.clean, self.teacher, self.percentile = clean, teacher, percentile

    def __call__(self, x: Tensor, y_B: Tensor) -> tuple[Sequence[Tensor], Tensor]:
        """Target rates of the hidden layers, and the goal of the read-out: labels from a teacher, else clean scores."""
        if self.teacher is not None:
            return local_losses.teacher_rates(self.teacher, x, self.percentile), y_B
        return local_losses.own_rates(self.clean, x)


def run(setup: Setup, device: torch.device, out: Path, observer: Observer = TERMINAL) -> dict[str, int]:
    """Do every trial of a run; write the parameters of its chosen and last epoch, and its history.

    Returns the numbers of trials and of training samples. Raises InputError for a file that cannot be read, or if more
    training samples are asked for than there are.
    """
    design, clean = setup.design, network.load(setup.net, device)
    teacher = network.load(setup.teacher, device) if setup.teacher else None
    parts = _parts(setup, device)
    tensors: dict[str, Tensor] = {}
    history: list[dict[str, object]] = []
    spent: dict[str, dict[str, object]] = {}
    asked = trials(design)
    with observer.progress(len(asked), "trial") as progress:
        for trial in asked:
            by_teacher = teacher if trial.treatment.targets == "teacher" else None
            reference = Reference(clean, by_teacher, setup.teacher_percentile)
            order = seeds.generator(setup.seed, "calibration", trial.chip)
            course = calibrate(clean, trial, design, reference, parts, order)
            first, last = course.history[0], course.history[-1]
            named = {"level": trial.level, "chip": trial.chip, **trial.treatment._asdict()}
            history += [{**named, **row} for row in course.history]
            spent[trial.key] = {"epoch": course.chosen_epoch, **{name: n for name, n in last.items() if name in COST}}
            kept = {"chosen": course.chosen} | ({} if last["epoch"] == course.chosen_epoch else {"last": course.last})
            for name, values in kept.items():
                tensors |= {f"{trial.key}/{name}/{parameter}": value for parameter, value in values.items()}
            observer.result(f"{trial.key}  validation {first['value_val']:.4f} -> {last['value_val']:.4f}")
            progress.step()
    stored.write_csv(out / "history.csv", history)
    about = {"digest": setup.digest, "trials": spent}
    stored.write_tensors(out / "chips.safetensors", network.to_numpy(tensors), about)
    return {"calibrations": len(spent), "samples": design.hardware.calibration.samples}


def _parts(setup: Setup, device: torch.device) -> dict[str, Samples]:
    """As many training samples as calibration learns from, drawn by the seed; and all validation samples."""
    parts, wanted = samples.load(setup.data, device), setup.design.hardware.calibration.samples
    if wanted > len(parts["train"]):
        what = f"{wanted} of {len(parts['train'])} training samples"
        where = f"hardware.{setup.design.hardware.noise}.calibration.samples"
        raise InputError(where, what, "use fewer in the experiment")
    order = torch.randperm(len(parts["train"]), generator=seeds.generator(setup.seed, "calibration samples"))
    return {**parts, "train": parts["train"].take(order[:wanted].to(device))}


def calibrate(
    clean: Network,
    trial: Trial,
    design: Design,
    reference: Reference,
    parts: Mapping[str, Samples],
    order: torch.Generator,
) -> Course:
    """Do one trial, on a chip of its own; `order` draws only the order of samples."""
    settings, train, validation = design.hardware.calibration, parts["train"], parts["validation"]
    calibrator, evaluated = _set_up(clean, trial, design)
    dense_macs = [size.macs for size in sizes(clean.architecture.input_shape, nodes(clean.architecture))]
    learning = calibrator.learning_macs(dense_macs)
    shuffle = torch.Generator().manual_seed(order.initial_seed() + 1) if trial.treatment.control == "shuffled" else None

    def row(epoch: int, loss: float | None) -> Epoch:
        found, seen = score(evaluated().predict, validation), epoch * len(train)
        return {
            "epoch": epoch,
            "loss": loss,
            "value_val": found.value,
            "validation_loss": found.loss,
            "shown": seen,
            "validated": (epoch + 1) * len(validation),
            "updates": calibrator.updates,
            "writes": calibrator.writes,
            "learning_macs": seen * learning,
        }

    history, chosen = [row(0, None)], 0
    best = last = _copy(calibrator.network)
    for epoch in range(1, settings.epochs + 1):
        batches = train.shuffled(settings.batch, None, order)
        found, last = row(epoch, calibrator.epoch(_lessons(batches, reference, shuffle))), _copy(calibrator.network)
        if all(better(found, earlier, validation.task) for earlier in history):
            best, chosen = last, epoch
        history.append(found)
    return Course(history, best, last, chosen)


def _set_up(clean: Network, trial: Trial, design: Design) -> tuple[Calibrator, Callable[[], Network]]:
    """The calibrator of a trial, and a function that returns the network to evaluate."""
    kind = calibrators.load(trial.treatment.calibrator, "calibration.calibrators")
    settings = design.hardware.calibration
    parts = noise_parts(design.noise, trial.level) if trial.level else []
    if trial.treatment.control != "noise_aware":
        made = chip.manufacture(clean, parts, trial.chip or 0).network
        return kind(made, settings), lambda: made
    shared = chip.manufacture(clean, [], 0).network
    calibrator, numbers = kind(shared, settings), iter(range(FRESH, 2 * FRESH))

    def fresh(number: int) -> Network:
        return chip.sharing(shared, parts, number)

    calibrator.chip = lambda: fresh(next(numbers))
    return calibrator, lambda: fresh(FRESH - 1)


def _lessons(
    batches: Iterator[tuple[Tensor, Tensor]], reference: Reference, shuffle: torch.Generator | None
) -> Iterator[Lesson]:
    for x, y in batches:
        rates_BN, goal = reference(x, y)
        if shuffle:
            order_B = torch.randperm(len(goal), generator=shuffle).to(goal.device)
            rates_BN, goal = [rate_BN[order_B] for rate_BN in rates_BN], goal[order_B]
        yield Lesson(x, rates_BN, goal)


def _copy(made: Network) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in chip.programmable(made).items()}
