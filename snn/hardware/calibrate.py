"""Calibration: chips are programmed anew until they do what they should.

Training samples teach, validation samples choose: after every epoch the chip is looked at, and the best epoch is kept,
before the first one included (epoch 0, the chip as it was programmed). Test samples are seen by no one here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from snn.config import Augment, params
from snn.core import files, seeds
from snn.core.errors import InputError
from snn.data import samples
from snn.data.samples import Samples
from snn.hardware import chip, trials
from snn.hardware.calibrators import Calibrator, Lesson
from snn.model import local_losses, network
from snn.model.graph import nodes, sizes
from snn.model.network import Network
from snn.training.validation import better, score

COST = ("shown", "judged", "updates", "writes", "learning_macs")  # samples to learn from, to choose by; writes, values
FRESH = 1_000_000  # chips from this number on are drawn for noise-aware training, and are no one's to be judged on


class Course(NamedTuple):
    """One row an epoch, from 0 on; the parameters of the best one and of the last one."""

    history: list[dict[str, float]]
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


def run(job: Any, device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Calibrate` job: what every trial programmed, chosen and last, and the course of it."""
    settings, seed = job.hardware.calibration, job.run.seed
    parts = samples.load(job.run.data.training_file, device)
    if settings.samples > len(parts["train"]):
        found = f"{settings.samples} of {len(parts['train'])} training samples"
        raise InputError(f"hardware.{job.hardware.noise}.calibration.samples", found, "say fewer in the experiment")
    order = torch.randperm(len(parts["train"]), generator=seeds.generator(seed, "calibration samples"))
    parts["train"] = parts["train"].take(order[: settings.samples].to(device))
    clean = network.load(job.run.proof, device)
    teacher = network.load(job.teacher.proof, device) if job.teacher else None
    percentile = getattr(job.run.method.options, "percentile", 100.0)
    tensors, history, spent = {}, [], {}
    for trial in trials.trials(job):
        reference = Reference(clean, teacher if trial.arm.targets == "teacher" else None, percentile)
        course = calibrate(clean, trial, job, reference, parts, seeds.generator(seed, "calibration", trial.chip))
        first, last = course.history[0], course.history[-1]
        history += [{"level": trial.level, "chip": trial.chip, **trial.arm._asdict(), **row} for row in course.history]
        spent[trial.key] = {"epoch": course.chosen_epoch, **{name: last[name] for name in COST}}
        kept = {"chosen": course.chosen} | ({} if last["epoch"] == course.chosen_epoch else {"last": course.last})
        for name, values in kept.items():
            tensors |= {f"{trial.key}/{name}/{parameter}": value for parameter, value in values.items()}
        print(f"{trial.key}  validation {first['value_val']:.4f} -> {last['value_val']:.4f}", flush=True)
    files.write_csv(out / "history.csv", history)
    about = {"digest": job.digest, "trials": spent}
    files.write_tensors(out / "chips.safetensors", network.to_numpy(tensors), about)
    return {"calibrations": len(spent), "samples": settings.samples}


def calibrate(
    clean: Network,
    trial: trials.Trial,
    job: Any,
    reference: Reference,
    parts: dict[str, Samples],
    order: torch.Generator,
) -> Course:
    """Do one trial, on a chip of its own; `order` draws the order of samples, and nothing else."""
    settings = job.hardware.calibration
    calibrator, judged = _set_up(clean, trial, job)
    dense_macs = [size.macs for size in sizes(clean.architecture.input_shape, nodes(clean.architecture))]
    learning = calibrator.learning_macs(dense_macs)
    shuffle = torch.Generator().manual_seed(order.initial_seed() + 1) if trial.arm.control == "shuffled" else None
    n, chosen = {name: len(part) for name, part in parts.items()}, 0

    def row(epoch: int, loss: float | None) -> dict[str, Any]:
        scores, seen = score(judged(), parts["validation"])[0], epoch * n["train"]
        written = {"updates": calibrator.updates, "writes": calibrator.writes}
        spent = {"shown": seen, "judged": (epoch + 1) * n["validation"], **written, "learning_macs": seen * learning}
        return {"epoch": epoch, "loss": loss, **scores, **spent}

    history = [row(0, None)]
    best = last = _copy(calibrator.network)
    for epoch in range(1, settings.epochs + 1):
        batches = parts["train"].shuffled(settings.batch, Augment(), order)
        found, last = row(epoch, calibrator.epoch(_lessons(batches, reference, shuffle))), _copy(calibrator.network)
        if all(better(found, earlier, job.run.data.dataset.task) for earlier in history):
            best, chosen = last, epoch
        history.append(found)
    return Course(history, best, last, chosen)


def _set_up(clean: Network, trial: trials.Trial, job: Any) -> tuple[Calibrator, Any]:
    """The calibrator of a trial with what it programs, and what gives the network that validation data judge."""
    plugin = params.load_plugin("hardware.calibrators", trial.arm.calibrator, "calibration.calibrators")
    parts = params.noise_parts(job.hardware.noise, trial.level) if trial.level else []
    if trial.arm.control != "noise_aware":
        made = chip.manufacture(clean, parts, trial.chip or 0).network
        return plugin.Calibrator(made, job.hardware.calibration), lambda: made
    shared = chip.manufacture(clean, [], 0).network
    calibrator, numbers = plugin.Calibrator(shared, job.hardware.calibration), iter(range(FRESH, 2 * FRESH))

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
