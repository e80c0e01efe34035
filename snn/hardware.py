"""Chips: a network on imperfect hardware, and its calibration.

A chip answers to inputs and lets itself be programmed; what its noise did to a value cannot be read out. Effective
weight = programmable weight x (1 + level e): calibration moves the programmable value and sees the chip's spikes.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from snn import data, files, local, network, optimise
from snn.data import Split
from snn.errors import InputError
from snn.kinds import Augment, Calibration, Training
from snn.network import Network


class Gain(nn.Module):
    """What the hardware does to a programmed value."""

    def __init__(self, gain: Tensor):
        super().__init__()
        self.register_buffer("gain", gain, persistent=False)

    def forward(self, programmed: Tensor) -> Tensor:
        """The effective value."""
        return programmed * self.gain


def program_through(module: nn.Module, parameter: str, gain: Tensor) -> None:
    """From now on `parameter` of `module` is what was programmed times `gain`; only the former is a parameter."""
    parametrize.register_parametrization(module, parameter, Gain(gain), unsafe=True)


def manufacture(clean: Network, noise: Any, options: Any, level: float, chip: int) -> Network:
    """Chip number `chip` of a noise model, programmed with the parameters of a clean network."""
    made = copy.deepcopy(clean)
    noise.disturb(made, level, chip, options)
    return made.requires_grad_()


def key(level: float, chip: int) -> str:
    """How a chip's parameters are named in a file."""
    return f"{level:g}/{chip}"


def chips(job: Any) -> Iterator[tuple[float, int]]:
    """(level, chip) of a `jobs.Calibrate` job."""
    for level in job.hardware.levels:
        for chip in range(job.hardware.chips):
            yield level, chip


def run(job: Any, noise: Any, device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Calibrate` job: the programmable parameters of every chip after calibration, and the course of the
    loss.
    """
    settings = job.hardware.calibration
    train = data.load(job.run.data.training_file, device)["train"]
    if settings.samples > len(train):
        raise InputError("calibration.samples", f"{settings.samples} of {len(train)} training samples", "take fewer")
    order = torch.randperm(len(train), generator=data.generator(job.run.seed, "calibration samples"))
    split = train.take(order[: settings.samples].to(device))
    clean = network.load(job.run.proof, device)
    teacher = network.load(job.teacher.proof, device) if job.teacher else None
    percentile = getattr(job.run.method.options, "percentile", 100.0)
    tensors, history = {}, []
    for level, chip in chips(job):
        made = manufacture(clean, noise, job.noise.options, level, chip)
        reference = Reference(clean, teacher, percentile)
        generator = data.generator(job.run.seed, "calibration", chip)
        for epoch, loss in enumerate(calibrate(made, reference, split, settings, generator), start=1):
            history.append({"level": level, "chip": chip, "epoch": epoch, "loss": loss})
        tensors |= {f"{key(level, chip)}/{name}": tensor for name, tensor in made.state_dict().items()}
        print(f"level {level:g}  chip {chip}  loss {history[-1]['loss']:.4f}", flush=True)
    files.write_csv(out / "history.csv", history)
    files.write_tensors(out / "chips.safetensors", network.to_numpy(tensors), {"digest": job.digest})
    return {"chips": len(list(chips(job))), "samples": settings.samples}


class Reference:
    """What a chip is to imitate: its own clean network, or the teacher's activations with the labels."""

    def __init__(self, clean: Network, teacher: Network | None, percentile: float):
        self.clean, self.teacher, self.percentile = clean, teacher, percentile

    def __call__(self, x_BCHW: Tensor, y_B: Tensor) -> tuple[Sequence[Tensor], Tensor]:
        """Target rates of the hidden layers, and the goal of the read-out: labels from a teacher, else clean scores."""
        if self.teacher is not None:
            return local.teacher_rates(self.teacher, x_BCHW, self.percentile), y_B
        return local.own_rates(self.clean, x_BCHW)


def calibrate(
    chip: Network, reference: Reference, split: Split, settings: Calibration, generator: torch.Generator
) -> Iterator[float]:
    """Program a chip anew by layer-local losses on its own spikes, in place; yields the mean loss of each epoch."""
    training = Training(epochs=settings.epochs, batch=settings.batch, optimiser="adam", lr=settings.lr)
    optimiser = optimise.build(chip, training)
    for _ in range(settings.epochs):
        total = 0.0
        for x_BCHW, y_B in split.shuffled(settings.batch, Augment(), generator):
            optimiser.zero_grad()
            for loss in local.offline(chip, x_BCHW, *reference(x_BCHW, y_B), lam=1.0):
                loss.backward()
                total += float(loss.detach()) * len(y_B)
            optimise.step(optimiser, settings.lr)
        yield total / len(split)


def read(path: Path) -> dict[str, Tensor]:
    """What `run` wrote: the programmable parameters of every chip."""
    return network.from_numpy(files.read_tensors(path, f"remove {path.parent} and start the workflow again")[0])


def program(chip: Network, tensors: Mapping[str, Tensor], level: float, number: int) -> None:
    """Program a chip with its share of what `read` gave."""
    prefix = f"{key(level, number)}/"
    chip.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
