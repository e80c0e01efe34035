"""The one loop: every rule is trained, resumed and chosen here, and none is known by name.

Each epoch ends with a look at validation data through the deployed network; the best epoch is kept, the earlier one of
equals in value and loss. Randomness belongs to (seed, epoch): a training that was killed goes on from its last epoch
and ends, on a CPU, in the same bits. A training whose loss is no longer finite has diverged: it stops there, and its
best epoch (or, before any, the untrained network) is judged like any other, with that status.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from snn.config import Init, Method, Training
from snn.core import files, seeds
from snn.core.errors import InputError, remake
from snn.data import samples
from snn.data.samples import Samples
from snn.model import network
from snn.model.network import Network
from snn.rules import Batch, Rule, Task
from snn.training import checkpoint
from snn.training import optimiser as optimise
from snn.training.validation import better, score

SAMPLE = 512  # training inputs that a rule may set its scales by, and validation inputs that it is observed on
QUIET = 0.01  # a layer that fires more rarely hardly learns


@dataclass
class Course:
    """What a training leaves behind: one row an epoch, what was traced (epoch 0: untrained), the best network, and how
    it ended.
    """

    best: Network
    history: list[dict[str, float]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    status: str = "ok"


def run(job: Any, rule: Rule, device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Train` job: the deployed network, the student as it ended, the history of the epochs, the traces."""
    parts = samples.load(job.data.training_file, device)
    dataset = job.data.dataset
    task = Task(dataset.input_shape, dataset.outputs, job.network.layers, job.steps)
    parents = {"teacher": network.load(job.teacher.proof, device)} if job.teacher else {}
    start = job.start.file("student.safetensors") if job.start else None
    student, course = fit(rule, task, parts, job.method, dataset, job.seed, parents, job.folder, job.digest, start)
    files.write_csv(out / "epochs.csv", course.history, ["epoch", "lr", "loss", "value_val", "validation_loss"])
    files.write_csv(out / "traces.csv", course.traces, ["epoch", "quantity", "layer", "value"])
    about = {"digest": job.digest, "status": course.status}
    files.write_tensors(out / "student.safetensors", network.to_numpy(student.state_dict()), about)
    network.save(course.best, out / "net.safetensors", **about)
    return {"epochs": len(course.history), "samples_seen": len(course.history) * len(parts["train"])}


def fit(
    rule: Rule,
    task: Task,
    parts: Mapping[str, Samples],
    method: Method,
    dataset: Any,
    seed: int,
    parents: Mapping[str, Network],
    folder: Path,
    digest: str,
    start: Path | None = None,
) -> tuple[nn.Module, Course]:
    """Train a student of `rule`: returns it as it ended, and the course of its training.

    `dataset` says what task it is and how to augment. `folder` holds progress under `digest`, see `checkpoint`. `start`
    holds the tensors of a student to begin with.
    """
    train, validation, training = parts["train"], parts["validation"], method.training
    device = train.y_N.device
    torch.manual_seed(seeds.stream(seed, "weights"))
    sample, _ = next(train.in_order(SAMPLE))
    student = rule.student(task, parents, sample).to(device)
    if rule.trains:
        initialise(student, method.init)
    if start:
        _start(student, start)
    optimiser = optimise.build(student, training)
    course = Course(rule.deploy(student))
    checkpoint.restore(folder, digest, student, optimiser, course)
    if not course.traces:
        _trace(course, 0, rule, student, parents, score(course.best, validation)[1], training, validation)
    updates_per_epoch = math.ceil(len(train) / training.batch)
    done = len(course.history)
    bar = tqdm(range(done, training.epochs), initial=done, total=training.epochs, unit="epoch", disable=None)
    for epoch in bar:
        generator = seeds.generator(seed, "epoch", epoch)
        torch.manual_seed(seeds.stream(seed, "epoch", epoch, "network"))
        student.train()
        total, lr = 0.0, 0.0
        for i, (x, y) in enumerate(train.shuffled(training.batch, dataset.augment, generator) if rule.trains else ()):
            lr = optimise.learning_rate(training, epoch * updates_per_epoch + i, updates_per_epoch)
            loss = _update(rule, student, optimiser, lr, Batch(x, y, parents, epoch, training.epochs, generator))
            total += loss * len(y)
            if not math.isfinite(loss):
                break
        deployed = rule.deploy(student)
        scores, rates = score(deployed, validation)
        if not all(map(math.isfinite, (total, scores["validation_loss"]))):
            print(f"diverged in epoch {epoch + 1}: loss {total}; a lower training.lr may help", flush=True)
            course.status = "diverged"
            break
        row = {"epoch": epoch + 1, "lr": lr, "loss": total / len(train) if rule.trains else None, **scores}
        if all(better(row, earlier, dataset.task) for earlier in course.history):
            course.best = deployed
        course.history.append(row)
        _trace(course, epoch + 1, rule, student, parents, rates, training, validation)
        checkpoint.save(folder, digest, student, optimiser, course)
        report = f"loss {total / len(train):.4f}  validation {row['value_val']:.4f}"
        bar.set_postfix_str(report)
        if bar.disable:
            print(f"epoch {epoch + 1}/{training.epochs}  {report}", flush=True)
    return student, course


def _update(rule: Rule, student: nn.Module, optimiser: torch.optim.Optimizer, lr: float, batch: Batch) -> float:
    optimiser.zero_grad()
    total = 0.0
    for loss in rule.losses(student, batch):
        loss.backward()
        total += float(loss.detach())
    optimise.step(optimiser, lr)
    return total


@torch.no_grad()
def _trace(
    course: Course,
    epoch: int,
    rule: Rule,
    student: nn.Module,
    parents: Mapping[str, Network],
    rates: Mapping[int, float],
    training: Training,
    validation: Samples,
) -> None:
    """Note firing rates and what the rule observes; say so when a layer has hardly anything to say."""
    student.eval()
    x, y = next(validation.in_order(SAMPLE))
    seen = Batch(x, y, parents, min(epoch, training.epochs - 1), training.epochs, torch.Generator())
    found = [("rate", layer, rate) for layer, rate in rates.items()] + list(rule.observe(student, seen))
    course.traces += [{"epoch": epoch, "quantity": q, "layer": layer, "value": value} for q, layer, value in found]
    for layer, rate in rates.items():
        if rate < QUIET:
            print(f"warning: after epoch {epoch}, layer {layer} fires in {100 * rate:.2f} % of its steps, below 1 %")


@torch.no_grad()
def initialise(student: nn.Module, init: Init) -> None:
    """Give the synapses of a student the weights to start with."""
    for module in student.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if init.scheme == "kaiming_fan_out" and isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            module.weight *= init.gain


def _start(student: nn.Module, path: Path) -> None:
    try:
        student.load_state_dict(network.from_numpy(files.read_tensors(path, remake(path.parent))[0]))
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise InputError(path, f"is no start for this method ({why})", "choose a start with the same layers") from error
