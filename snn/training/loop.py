"""The training loop that all rules share; it knows no rule by name.

After each epoch the deployed network is scored on validation data, and the best epoch is kept: the earliest one if
value and loss are equal. Random draws are seeded by (seed, epoch), so a resumed training ends, on a CPU, in the same
bits. A training whose loss is not finite has diverged and stops. Its best epoch, or the untrained network if there is
none, is evaluated as usual and keeps that status.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from snn.config import Augment, Init, Training
from snn.core import seeds, stored
from snn.core.errors import InputError, Stopped, remake
from snn.core.observer import TERMINAL, Observer
from snn.data import samples
from snn.data.samples import Samples
from snn.model import network
from snn.model.network import Network
from snn.rules import Batch, Rule, Task
from snn.training import checkpoint, records
from snn.training import optimiser as optimise
from snn.training.course import Course, Epoch
from snn.training.validation import Rates, better, score

SAMPLE = 512  # training inputs from which a rule may set scales; validation inputs of `Rule.observe`


@dataclass(frozen=True)
class Setup:
    """A training: its rule, task and recipe; its checkpoints are kept in `folder`, for `digest` (see `checkpoint`).

    `precision`: of convolutions and products in training, "float32" or "bf16". `start`: file with the tensors of the
    student to start from.
    """

    rule: Rule
    task: Task
    training: Training
    init: Init
    augment: Augment
    seed: int
    folder: Path
    digest: str
    precision: str = "float32"
    start: Path | None = None


def run(
    setup: Setup, data: Path, teacher: Path | None, device: torch.device, out: Path, observer: Observer = TERMINAL
) -> dict[str, int]:
    """Train on the file `data`, with the network in `teacher` if the rule needs one.

    Writes the deployed network, the last student, the epochs and the traces. Returns the numbers of epochs and of
    samples seen. Raises what `fit` raises, and InputError naming a file that cannot be read.
    """
    parts = samples.load(data, device)
    parents = {"teacher": network.load(teacher, device)} if teacher else {}
    student, course = fit(setup, parts, parents, observer)
    stored.write_csv(out / "epochs.csv", course.history, list(records.Epoch.model_fields))
    stored.write_csv(out / "traces.csv", course.traces, list(records.Trace.model_fields))
    about = {"digest": setup.digest, "status": course.status, "lr": setup.training.lr}
    stored.write_tensors(out / "student.safetensors", network.to_numpy(student.state_dict()), about)
    network.save(course.best, out / "net.safetensors", **about)
    return {"epochs": len(course.history), "samples_seen": len(course.history) * len(parts["train"])}


def fit(
    setup: Setup, parts: Mapping[str, Samples], parents: Mapping[str, Network], observer: Observer = TERMINAL
) -> tuple[Network, Course]:
    """Train a student: returns it after its last epoch, and the course of its training.

    `parents`: deployed networks that the rule learns from, by role. Raises Stopped, with a checkpoint written, if the
    observer requests a stop after an epoch that is not the last one.
    """
    rule, train, validation, epochs = setup.rule, parts["train"], parts["validation"], setup.training.epochs
    student = _student(setup, train, parents)
    optimiser = optimise.build(student, setup.training)
    course = Course(rule.deploy(student))
    checkpoint.restore(setup.folder, setup.digest, student, optimiser, course, observer)
    if not course.traces:
        rates = Rates(course.best)
        score(rates.scores, validation)
        _trace(course, 0, setup, student, parents, rates, validation, observer)
    with observer.progress(epochs, "epoch", done=len(course.history)) as progress:
        for epoch in range(len(course.history), epochs):
            loss, lr = _epoch(setup, epoch, student, optimiser, train, parents)
            deployed = rule.deploy(student)
            rates = Rates(deployed)
            scored = score(rates.scores, validation)
            if not (math.isfinite(loss) and math.isfinite(scored.loss)):
                observer.warning(f"diverged in epoch {epoch + 1}: loss {loss}; a lower training.lr may help")
                course.status = "diverged"
                break
            row: Epoch = {
                "epoch": epoch + 1,
                "epoch_lr": lr,
                "loss": loss if rule.trains else None,
                "value_val": scored.value,
                "validation_loss": scored.loss,
            }
            if all(better(row, earlier, validation.task) for earlier in course.history):
                course.best = deployed
            course.history.append(row)
            _trace(course, epoch + 1, setup, student, parents, rates, validation, observer)
            stop = epoch + 1 < epochs and observer.stop_requested()
            if stop or observer.checkpoint_now():
                checkpoint.save(setup.folder, setup.digest, student, optimiser, course)
            progress.step(f"loss {loss:.4f}  validation {scored.value:.4f}")
            if stop:
                what = f"stopped on request after epoch {epoch + 1} of {epochs}"
                raise Stopped(setup.folder, what, "run the same command again to resume")
    return student, course


def _student(setup: Setup, train: Samples, parents: Mapping[str, Network]) -> Network:
    """The student before training."""
    torch.manual_seed(seeds.stream(setup.seed, "weights"))
    sample, _ = next(train.in_order(SAMPLE))
    student = setup.rule.student(setup.task, parents, sample).to(train.y_N.device)
    if setup.rule.trains:
        initialise(student, setup.init)
    if setup.start:
        _start(student, setup.start)
    return student


def _epoch(
    setup: Setup,
    epoch: int,
    student: Network,
    optimiser: torch.optim.Optimizer,
    train: Samples,
    parents: Mapping[str, Network],
) -> tuple[float, float]:
    """Train for one epoch, or until a loss is not finite; returns the mean loss and the last learning rate."""
    training, generator = setup.training, seeds.generator(setup.seed, "epoch", epoch)
    torch.manual_seed(seeds.stream(setup.seed, "epoch", epoch, "network"))
    student.train()
    total, lr, updates = 0.0, 0.0, math.ceil(len(train) / training.batch)
    batches = train.shuffled(training.batch, setup.augment, generator) if setup.rule.trains else ()
    for i, (x, y) in enumerate(batches):
        lr = optimise.learning_rate(training, epoch * updates + i, updates)
        batch = Batch(x, y, parents, epoch, training.epochs, generator)
        loss = _update(setup, student, optimiser, lr, batch)
        total += loss * len(y)
        if not math.isfinite(loss):
            break
    return total / len(train), lr


def _update(setup: Setup, student: Network, optimiser: torch.optim.Optimizer, lr: float, batch: Batch) -> float:
    optimiser.zero_grad()
    total, losses = 0.0, setup.rule.losses(student, batch)
    for loss in iter(lambda: _next(losses, batch.x.device.type, setup.precision == "bf16"), None):
        loss.backward()
        total += float(loss.detach())
    optimise.step(optimiser, lr)
    return total


def _next(losses: Iterator[torch.Tensor], device: str, mixed: bool) -> torch.Tensor | None:
    """The next term of the loss; with `mixed`, convolutions and products are in bfloat16, the rest in float32."""
    with torch.autocast(device, torch.bfloat16, enabled=mixed):
        return next(losses, None)


@torch.no_grad()
def _trace(
    course: Course,
    epoch: int,
    setup: Setup,
    student: Network,
    parents: Mapping[str, Network],
    rates: Rates,
    validation: Samples,
    observer: Observer,
) -> None:
    """Record firing rates and what the rule observes; warn of layers that hardly fire."""
    student.eval()
    x, y = next(validation.in_order(SAMPLE))
    epochs = setup.training.epochs
    batch = Batch(x, y, parents, min(epoch, epochs - 1), epochs, torch.Generator())
    fired = rates.by_layer()
    observed = [("rate", layer, rate) for layer, rate in fired.items()] + list(setup.rule.observe(student, batch))
    course.traces += [{"epoch": epoch, "quantity": q, "layer": layer, "value": value} for q, layer, value in observed]
    for layer, rate in fired.items():
        if rate < records.QUIET:
            few = f"{100 * rate:.2f} % of its steps, below {100 * records.QUIET:g} %"
            observer.warning(f"after epoch {epoch}, layer {layer} fires in {few}")


@torch.no_grad()
def initialise(student: Network, init: Init) -> None:
    """Set the initial weights of a student's synapses."""
    for module in student.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if init.scheme == "kaiming_fan_out" and isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            module.weight *= init.gain


def _start(student: Network, path: Path) -> None:
    try:
        student.load_state_dict(network.from_numpy(stored.read_tensors(path, remake(path.parent))[0]))
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise InputError(path, f"does not fit this method ({why})", "choose a start with the same layers") from error
