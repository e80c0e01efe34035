"""The one loop: every rule is trained, resumed and chosen here, and none is known by name.

Each epoch ends with a look at validation data through the deployed network; the best epoch is kept, the earlier one of
equals in accuracy and loss. Randomness belongs to (seed, epoch): a training that was killed goes on from its last epoch
and ends, on a CPU, in the same bits.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from snn import data, files, network, optimise
from snn.data import Split
from snn.errors import InputError
from snn.kinds import Augment, Training
from snn.network import Network
from snn.rules import Batch, Rule, Task
from snn.score import score


def run(job: Any, rule: Rule, device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Train` job: the deployed network and the history of its epochs."""
    parts = data.load(job.data.training_file, device)
    dataset = job.data.dataset
    task = Task(dataset.input_shape, dataset.classes, job.network.layers, job.steps)
    parents = {"teacher": network.load(job.teacher.proof, device)} if job.teacher else {}
    best, history = fit(
        rule, task, parts, job.method.training, dataset.augment, job.seed, parents, job.resume_file, job.digest
    )
    files.write_csv(out / "epochs.csv", history)
    network.save(best, out / "net.safetensors", digest=job.digest)
    return {"epochs": len(history), "samples_seen": len(history) * len(parts["train"])}


def fit(
    rule: Rule,
    task: Task,
    parts: Mapping[str, Split],
    training: Training,
    augment: Augment,
    seed: int,
    parents: Mapping[str, Network],
    resume_file: Path,
    digest: str,
) -> tuple[Network, list[dict[str, float]]]:
    """Train a student of `rule`: returns the deployed network of the best epoch, and one row an epoch.

    `resume_file` holds progress under `digest`; that of another digest is ignored. Raises InputError when the loss is
    not finite.
    """
    train, validation = parts["train"], parts["validation"]
    device = train.y_N.device
    torch.manual_seed(data.stream(seed, "weights"))
    student = rule.student(task, parents).to(device)
    optimiser = optimise.build(student.parameters(), training)
    best = rule.deploy(student)
    history = _resume(resume_file, digest, student, optimiser, best)
    updates_per_epoch = math.ceil(len(train) / training.batch)
    bar = tqdm(
        range(len(history), training.epochs), initial=len(history), total=training.epochs, unit="epoch", disable=None
    )
    for epoch in bar:
        generator = data.generator(seed, "epoch", epoch)
        torch.manual_seed(data.stream(seed, "epoch", epoch, "network"))
        student.train()
        total = 0.0
        for i, (x_BCHW, y_B) in enumerate(train.shuffled(training.batch, augment, generator)):
            lr = optimise.learning_rate(training, epoch * updates_per_epoch + i, updates_per_epoch)
            loss = _update(rule, student, optimiser, lr, Batch(x_BCHW, y_B, parents, epoch, training.epochs, generator))
            if not math.isfinite(loss):
                raise InputError(f"epoch {epoch + 1}", f"the loss is {loss}", "lower training.lr of the method")
            total += loss * len(y_B)
        deployed = rule.deploy(student)
        row = {"epoch": epoch + 1, "lr": lr, "loss": total / len(train), **score(deployed, validation)}
        if not history or _goodness(row) > max(map(_goodness, history)):
            best = deployed
        history.append(row)
        _save(resume_file, digest, student, optimiser, best, history)
        report = f"loss {row['loss']:.4f}  validation accuracy {row['accuracy']:.4f}"
        bar.set_postfix_str(report)
        if bar.disable:
            print(f"epoch {epoch + 1}/{training.epochs}  {report}", flush=True)
    return best, history


def _update(rule: Rule, student: torch.nn.Module, optimiser: torch.optim.Optimizer, lr: float, batch: Batch) -> float:
    optimiser.zero_grad()
    total = 0.0
    for loss in rule.losses(student, batch):
        loss.backward()
        total += float(loss.detach())
    optimise.step(optimiser, lr)
    return total


def _goodness(row: Mapping[str, float]) -> tuple[float, float]:
    return row["accuracy"], -row["validation_loss"]


def _save(path: Path, digest: str, student: Any, optimiser: Any, best: Network, history: list) -> None:
    tensors = {f"student/{name}": tensor for name, tensor in student.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in best.state_dict().items()}
    tensors |= {f"optimiser/{name}": tensor for name, tensor in optimise.state(optimiser).items()}
    files.write_tensors(path, network.to_numpy(tensors), {"progress_of": digest, "history": history})


def _resume(path: Path, digest: str, student: Any, optimiser: Any, best: Network) -> list[dict[str, float]]:
    """Bring everything to where `path` stopped and return its history; an empty one when there is nothing to go on
    from.
    """
    if not path.exists():
        return []
    try:
        arrays, metadata = files.read_tensors(path, "")
    except InputError:
        return []
    if metadata.get("progress_of") != digest:
        return []
    tensors: dict[str, dict] = {"student": {}, "best": {}, "optimiser": {}}
    for name, tensor in network.from_numpy(arrays).items():
        owner, _, key = name.partition("/")
        tensors[owner][key] = tensor
    student.load_state_dict(tensors["student"])
    best.load_state_dict(tensors["best"])
    optimise.restore(optimiser, tensors["optimiser"])
    print(f"going on after epoch {len(metadata['history'])}", flush=True)
    return metadata["history"]
