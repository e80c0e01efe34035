"""Calibration: chips are programmed again so that they do what they should.

Chips learn from training samples. After every epoch a chip is evaluated on validation samples, and the best epoch is
kept; epoch 0 is the chip as it was first programmed. Test samples are not read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
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
from snn.training.validation import Score, Scored, better, score

COST = (
    "shown",
    "validated",
    "updates",
    "writes",
    "learning_macs",
)  # samples learned from, samples validated on, writes of parameters, values written
KEPT = 1 << 30  # bytes
FRESH = 1_000_000  # chips from this number on are drawn for noise-aware training only, never for rows


@dataclass(frozen=True)
class Setup:
    """The chips of one run, how they are calibrated, and the files of the run's network, data and teacher.

    `teacher_percentile`: of the run's rule, see `rules.Rule`. `digest` names the result.
    """

    design: Design
    teacher_percentile: float
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
    """What a chip is to imitate: its own clean network, or the teacher's activations with the labels.

    A network that is imitated sees every training sample once, for all trials, if what it answers fits into `KEPT`.
    """

    def __init__(self, clean: Network, teacher: Network | None, percentile: float, train: Samples, batch: int):
        self._clean, self._teacher, self._percentile, self._train, self._batch = (
            clean,
            teacher,
            percentile,
            train,
            batch,
        )

    def lessons(self, order: torch.Generator) -> Iterator[Lesson]:
        """The training samples in a random order, with their targets."""
        for indices in torch.randperm(len(self._train), generator=order).split(self._batch):
            indices_B = indices.to(self._train.y_N.device)
            x, y_B = next(self._train.take(indices_B).in_order(self._batch))
            kept = self._answers
            answers_BN = self._ask(x) if kept is None else [_rows(answer_SN, indices_B) for answer_SN in kept]
            yield Lesson(x, *self._targets(answers_BN, y_B))

    def _targets(self, answers_BN: Sequence[Tensor], y_B: Tensor) -> tuple[Sequence[Tensor], Tensor]:
        """Target rates of the hidden layers, and the goal of the read-out: labels from a teacher, else clean scores."""
        if self._teacher is None:
            return answers_BN[:-1], answers_BN[-1]
        largest = (local_losses.nearest_rank(a_BN, self._percentile) for a_BN in answers_BN)
        return list(map(local_losses.as_rate, answers_BN, largest)), y_B

    def _ask(self, x: Tensor) -> list[Tensor]:
        """Activations of the teacher; or rates of the clean network, followed by its scores."""
        if self._teacher is not None:
            return local_losses.activations(self._teacher, x)
        rates_BN, scores_BK = local_losses.own_rates(self._clean, x)
        return [*rates_BN, scores_BK]

    @cached_property
    def _answers(self) -> list[Tensor] | None:
        """The answers to all training samples, or None if they are too large to be kept."""
        asked = self._teacher or self._clean
        neurons = sum(prod(layer.output_shape) for layer in asked.hidden)
        if len(self._train) * neurons * next(asked.parameters()).element_size() > KEPT:
            return None
        answers = [self._ask(x) for x, _ in self._train.in_order(self._batch)]
        return [torch.cat(of_layer) for of_layer in zip(*answers, strict=True)]


def _rows(answer_SN: Tensor, indices_B: Tensor) -> Tensor:
    """The answers to some samples, in the same memory layout."""
    return answer_SN.movedim(1, -1)[indices_B].movedim(-1, 1)


def run(setup: Setup, device: torch.device, out: Path, observer: Observer = TERMINAL) -> dict[str, int]:
    """Do every trial of a run; write the parameters of its chosen and last epoch, and its history.

    Returns the numbers of trials and of training samples. Raises InputError for a file that cannot be read, or if more
    training samples are asked for than there are.
    """
    design, clean = setup.design, network.load(setup.net, device)
    teacher = network.load(setup.teacher, device) if setup.teacher else None
    parts, batch = _parts(setup, device), design.hardware.calibration.batch
    references = {
        targets: Reference(clean, by, setup.teacher_percentile, parts["train"], batch)
        for targets, by in (("own", None), ("teacher", teacher))
    }
    before: dict[tuple[float, int | None], Score] = {}
    tensors: dict[str, Tensor] = {}
    history: list[dict[str, object]] = []
    spent: dict[str, dict[str, object]] = {}
    asked = trials(design)
    with observer.progress(len(asked), "trial") as progress:
        for trial in asked:
            order = seeds.generator(design.seed, "calibration", trial.chip)
            course = calibrate(clean, trial, design, references[trial.treatment.targets], parts, order, before)
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
    order = torch.randperm(len(parts["train"]), generator=seeds.generator(setup.design.seed, "calibration samples"))
    return {**parts, "train": parts["train"].take(order[:wanted].to(device))}


def calibrate(
    clean: Network,
    trial: Trial,
    design: Design,
    reference: Reference,
    parts: Mapping[str, Samples],
    order: torch.Generator,
    before: dict[tuple[float, int | None], Score] | None = None,
) -> Course:
    """Do one trial, on a chip of its own; `order` draws only the order of samples.

    `before`: scores of chips before calibration, by level and number. What is missing is added, for other trials.
    """
    settings, train, validation = design.hardware.calibration, parts["train"], parts["validation"]
    calibrator, evaluated, permanent = _set_up(clean, trial, design)
    known = before if permanent and before is not None else {}
    dense_macs = [size.macs for size in sizes(clean.architecture.input_shape, nodes(clean.architecture))]
    learning = calibrator.learning_macs(dense_macs)
    shuffle = torch.Generator().manual_seed(order.initial_seed() + 1) if trial.treatment.control == "shuffled" else None

    def row(epoch: int, loss: float | None, found: Score) -> Epoch:
        seen = epoch * len(train)
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

    if (trial.level, trial.chip) not in known:
        known[trial.level, trial.chip] = score(evaluated().predict, validation)
    history, chosen = [row(0, None, known[trial.level, trial.chip])], 0
    best = last = _copy(calibrator.network)
    for epoch in range(1, settings.epochs + 1):
        lessons = _shuffled(reference.lessons(order), shuffle)
        loss = calibrator.epoch(lessons)
        found, last = row(epoch, loss, score(evaluated().predict, validation)), _copy(calibrator.network)
        if all(better(found, earlier, validation.task) for earlier in history):
            best, chosen = last, epoch
        history.append(found)
    return Course(history, best, last, chosen)


def _set_up(clean: Network, trial: Trial, design: Design) -> tuple[Calibrator, Callable[[], Network], bool]:
    """The calibrator of a trial; a function that returns the network to evaluate; whether that is the chip of the trial
    and draws nothing afresh.
    """
    kind = calibrators.load(trial.treatment.calibrator, "calibration.calibrators")
    settings = design.hardware.calibration
    parts = noise_parts(design.noise, trial.level) if trial.level else []
    if trial.treatment.control != "noise_aware":
        made = chip.manufacture(clean, parts, design.name(trial.chip))
        return kind(made.network, settings), lambda: made.network, made.permanent
    shared = chip.manufacture(clean, [], 0).network
    calibrator, numbers = kind(shared, settings), iter(range(FRESH, 2 * FRESH))

    def fresh(number: int) -> Network:
        return chip.sharing(shared, parts, design.name(number))

    calibrator.chip = lambda: fresh(next(numbers))
    return calibrator, lambda: fresh(FRESH - 1), False


def _shuffled(lessons: Iterator[Lesson], shuffle: torch.Generator | None) -> Iterator[Lesson]:
    """Lessons with the targets of other samples of the batch, if there is a generator that shuffles them."""
    for lesson in lessons:
        if shuffle:
            order_B = torch.randperm(len(lesson.goal), generator=shuffle).to(lesson.goal.device)
            rates_BN = [rate_BN[order_B] for rate_BN in lesson.rates_BN]
            yield lesson._replace(rates_BN=rates_BN, goal=lesson.goal[order_B])
        else:
            yield lesson


def _copy(made: Network) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in chip.programmable(made).items()}
