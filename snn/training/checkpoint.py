"""Progress of an unfinished training: a killed one goes on, and what is damaged never reaches a result.

Two files are kept (`files.PROGRESS`): that of the last epoch and that of the epoch before. They are no declared output,
for those are deleted when a job fails. A file holds the tensors of the student, of the best network and of the
optimiser, each under its owner's name, and the document {"sha256", "progress"}: the progress as JSON text, and the sum
over that text and over the tensors' names, types, shapes and bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snn.core import files
from snn.core.errors import InputError
from snn.core.observer import TERMINAL, Observer
from snn.model import network
from snn.training import optimiser as optimise
from snn.training.course import Course


def save(folder: Path, digest: str, student: nn.Module, optimiser: torch.optim.Optimizer, course: Course) -> None:
    """Keep where the training under `digest` stands; what was the newest file becomes the previous one.

    Raises InputError when it cannot be written; what was kept before remains.
    """
    newest, previous = (folder / name for name in files.PROGRESS)
    arrays = _arrays(_owned(student, course.best, optimise.state(optimiser)))
    text = json.dumps({"progress_of": digest, "history": course.history, "traces": course.traces})
    files.write_tensors(newest, arrays, {"sha256": sum_of(arrays, text), "progress": text}, previous)


def restore(
    folder: Path,
    digest: str,
    student: nn.Module,
    optimiser: torch.optim.Optimizer,
    course: Course,
    observer: Observer = TERMINAL,
) -> None:
    """Bring everything to where the newest file stopped that is intact and of `digest`; change nothing without one.

    A damaged file is named in one line, with what is used instead; one of another digest is passed over in silence.
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
        files.move(previous, newest)  # or what is no good would become the previous file, in place of the good one
    tensors, progress = found
    student.load_state_dict(tensors["student"])
    course.best.load_state_dict(tensors["best"])
    optimise.restore(optimiser, tensors["optimiser"])
    course.history, course.traces = progress["history"], progress["traces"]
    observer.result(f"going on after epoch {len(course.history)}")


def remove(folder: Path) -> None:
    """Remove what was kept of a training that has ended."""
    for name in files.PROGRESS:
        files.remove(folder / name)


def sum_of(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """The sha256 over a text and over the names, types, shapes and bytes of arrays, as hexadecimal digits."""
    found = hashlib.sha256(json.dumps([text, sorted(_forms(arrays).items())]).encode())
    for _, array in sorted(arrays.items()):
        found.update(array.data)
    return found.hexdigest()


def _read(
    path: Path, digest: str, student: nn.Module, optimiser: torch.optim.Optimizer, best: nn.Module
) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]] | None:
    """The tensors of a file by their owners, and its progress; nothing when it is of another digest.

    Raises InputError when it is damaged, or holds other tensors than this training does.
    """
    arrays, document = files.read_tensors(path, "")
    text = document.get("progress") if isinstance(document, dict) else None
    if not isinstance(text, str) or document.get("sha256") != sum_of(arrays, text):
        raise InputError(path, "is damaged: its sum is not the one it carries", "")
    progress = json.loads(text)
    if progress["progress_of"] != digest:
        return None
    stepped = {name.split("/")[1].split(".")[0] for name in arrays if name.startswith("optimiser/")}
    states = {name: tensor for name, tensor in optimise.stepped(optimiser).items() if name.split(".")[0] in stepped}
    expected = _owned(student, best, states)
    if _forms(arrays) != _forms(_arrays(expected)):
        raise InputError(path, "is damaged: its tensors are not those of this training", "")
    tensors: dict[str, dict[str, Tensor]] = {"student": {}, "best": {}, "optimiser": {}}
    for name, tensor in network.from_numpy(arrays).items():
        owner, _, key = name.partition("/")
        tensors[owner][key] = tensor.view(expected[name].shape)
    return tensors, progress


def _owned(student: nn.Module, best: nn.Module, states: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All tensors of a training, by owner and name."""
    owners = {"student": student.state_dict(), "best": best.state_dict(), "optimiser": states}
    return {f"{owner}/{name}": tensor for owner, tensors in owners.items() for name, tensor in tensors.items()}


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensors as they are in the file: one after another in memory, and scalars with an axis."""
    return {name: np.ascontiguousarray(array) for name, array in network.to_numpy(tensors).items()}


def _forms(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
