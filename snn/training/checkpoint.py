"""Checkpoints of an unfinished training: a killed one resumes, and a damaged file never reaches a result.

Two files are kept (`files.PROGRESS`): of the last epoch and of the epoch before. They are no declared output, since
Snakemake deletes declared outputs of a failed job. A file holds the tensors of the student, the best network and the
optimiser, each below its owner's name, and the document {"sha256", "progress"}: the progress as JSON text, and the
checksum over that text and over the tensors' names, types, shapes and bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snn.core import files, stored
from snn.core.errors import InputError
from snn.core.observer import TERMINAL, Observer
from snn.model import network
from snn.training import optimiser as optimise
from snn.training.course import Course


def save(folder: Path, digest: str, student: nn.Module, optimiser: torch.optim.Optimizer, course: Course) -> None:
    """Write the state of the training `digest`; the newest file so far becomes the previous one.

    Raises InputError if it cannot be written; older files then remain.
    """
    newest, previous = (folder / name for name in files.PROGRESS)
    arrays = _arrays(_owned(student, course.best, optimise.state(optimiser)))
    text = json.dumps({"progress_of": digest, "history": course.history, "traces": course.traces})
    stored.write_tensors(newest, arrays, {"sha256": sum_of(arrays, text), "progress": text}, previous)


def restore(
    folder: Path,
    digest: str,
    student: nn.Module,
    optimiser: torch.optim.Optimizer,
    course: Course,
    observer: Observer = TERMINAL,
) -> None:
    """Restore student, optimiser and course in place from the newest intact file of `digest`, if there is one.

    The observer gets one warning per damaged file, with what is used instead. Files of another digest are ignored.
    """
    newest, previous = (folder / name for name in files.PROGRESS)
    found, damaged = None, []
    for path in filter(Path.exists, (newest, previous)):
        try:
            found = _read(path, digest, student, optimiser, course.best)
        except InputError as error:
            damaged.append((path, error.what))
        if found:
            break
    for file, what in damaged:
        instead = f"{path} is used instead" if found else "training starts again"
        observer.warning(str(InputError(file, what, instead)))
    if not found:
        return
    if path == previous:
        files.move(previous, newest)  # else the next save would replace the good file by the damaged one
    tensors, progress = found
    student.load_state_dict(tensors["student"])
    course.best.load_state_dict(tensors["best"])
    optimise.restore(optimiser, tensors["optimiser"])
    course.history, course.traces = progress["history"], progress["traces"]
    observer.result(f"resumed after epoch {len(course.history)}")


def remove(folder: Path) -> None:
    """Remove the checkpoints of a training that has ended."""
    for name in files.PROGRESS:
        files.remove(folder / name)


def sum_of(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """The sha256 over a text and over the names, types, shapes and bytes of arrays, as hexadecimal digits."""
    checksum = hashlib.sha256(json.dumps([text, sorted(_forms(arrays).items())]).encode())
    for _, array in sorted(arrays.items()):
        checksum.update(array.data)
    return checksum.hexdigest()


def _read(
    path: Path, digest: str, student: nn.Module, optimiser: torch.optim.Optimizer, best: nn.Module
) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]] | None:
    """The tensors of a file by owner, and its progress; None if it is of another digest.

    Raises InputError if it is damaged, or if its tensors do not fit this training.
    """
    arrays, document = stored.read_tensors(path, "")
    text = document.get("progress") if isinstance(document, dict) else None
    if not isinstance(text, str) or document.get("sha256") != sum_of(arrays, text):
        raise InputError(path, "is damaged: its checksum is wrong", "")
    progress = json.loads(text)
    if progress["progress_of"] != digest:
        return None
    stepped = {name.split("/")[1].split(".")[0] for name in arrays if name.startswith("optimiser/")}
    states = {name: tensor for name, tensor in optimise.stepped(optimiser).items() if name.split(".")[0] in stepped}
    expected = _owned(student, best, states)
    if _forms(arrays) != _forms(_arrays(expected)):
        raise InputError(path, "is damaged: its tensors do not fit this training", "")
    tensors: dict[str, dict[str, Tensor]] = {"student": {}, "best": {}, "optimiser": {}}
    for name, tensor in network.from_numpy(arrays).items():
        owner, _, key = name.partition("/")
        tensors[owner][key] = tensor.view(expected[name].shape)
    return tensors, progress


def _owned(student: nn.Module, best: nn.Module, states: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All tensors of a training, by <owner>/<name>."""
    owners = {"student": student.state_dict(), "best": best.state_dict(), "optimiser": states}
    return {f"{owner}/{name}": tensor for owner, tensors in owners.items() for name, tensor in tensors.items()}


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensors as arrays for the file: contiguous, and scalars with one axis."""
    return {name: np.ascontiguousarray(array) for name, array in network.to_numpy(tensors).items()}


def _forms(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
