"""Samples in a folder a class: which files there are, and of which class. Folders and archives alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from snn.core.errors import InputError
from snn.data.formats.archives import Members, content_sha256, members


def classified(
    root: Path, parts: Sequence[str], suffixes: Sequence[str], sha256: str | None
) -> tuple[Members, list[str], np.ndarray, list[str], dict[str, np.ndarray]]:
    """The samples in `root`: (members, names of the samples, their classes, class names, indices of the parts).

    `parts` are the folders of training and test data; if there are none, `root` holds the folders of the classes.
    Classes are the sorted sub-folders. Samples are the files with one of `suffixes` at any depth, in the order of
    torchvision; other files are ignored. `sha256` is compared with `archives.content_sha256`. Raises InputError naming
    what is missing, empty or different.
    """
    found = members(root)
    heaps = [_heap(found, root, part, suffixes) for part in parts or ("",)]
    class_names = sorted(heaps[0])
    for part, heap in zip(parts, heaps, strict=False):
        if lacking := sorted(set().union(*heaps) - set(heap)):
            raise InputError(f"{root}/{part}", f"has no folder {lacking[0]}, which another part has", "add it")
    names: list[str] = []
    y_N: list[int] = []
    indices = {}
    for part, heap in zip(("train", "test"), heaps, strict=False):
        indices[part] = np.arange(len(names), len(names) + sum(map(len, heap.values())))
        for label, name in enumerate(class_names):
            names += heap[name]
            y_N += [label] * len(heap[name])
    _bind(found, names, root, sha256)
    return found, names, np.array(y_N, np.int64), class_names, indices if parts else {}


def _heap(found: Members, root: Path, part: str, suffixes: Sequence[str]) -> dict[str, list[str]]:
    """The samples of a part by class."""
    inside, where = (f"{part}/", f"{root}/{part}") if part else ("", str(root))
    heap: dict[str, list[str]] = {}
    for name in found.names:
        label, slash, _ = name.removeprefix(inside).partition("/")
        if name.startswith(inside) and slash:
            heap.setdefault(label, [])
            if name.lower().endswith(tuple(suffixes)):
                heap[label].append(name)
    if not heap:
        raise InputError(where, "has no folder of a class", "arrange it as in docs/data.md")
    for label, names in sorted(heap.items()):
        if not names:
            raise InputError(
                f"{where}/{label}", f"holds no file of {', '.join(suffixes)}", "fill it or move it elsewhere"
            )
        names.sort(key=lambda name: name.rpartition("/"))
    strange = sum(name.startswith(inside) for name in found.names) - sum(map(len, heap.values()))
    if strange:
        print(f"{where}: {strange} files ignored, which are none of {', '.join(suffixes)}", flush=True)
    return heap


def _bind(found: Members, names: Sequence[str], root: Path, sha256: str | None) -> None:
    if sha256 is None:
        print(
            f"warning: {root}: results do not depend on its bytes; to bind them, set options.sha256 to any 64 digits, "
            "and the error names the right ones",
            flush=True,
        )
    elif (content := content_sha256(found, names)) != sha256:
        raise InputError(root, f"sha256 is {content}, expected is {sha256}", "restore it, or correct options.sha256")
