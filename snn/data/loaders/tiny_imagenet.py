"""Tiny ImageNet: 200 classes of 64x64 pictures, read from the released zip.

Test data are its validation pictures, since its test pictures have no labels. Classes are the sorted wnids. Training
pictures are sorted as by torchvision's ImageFolder, test pictures as in the annotations. The few grey pictures are
converted to colour.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import archives, pictures

np = lazy("numpy")
archives = lazy("snn.data.formats.archives")
pictures = lazy("snn.data.formats.pictures")


class Options(Model):
    """None: there is one release."""


def load(options: Options, raw: Path) -> Raw:
    """100,000 training and 10,000 test pictures, decoded when they are read; raises InputError naming the file."""
    path, inside = raw / "tiny-imagenet-200.zip", "tiny-imagenet-200"
    found = archives.members(path)
    wnids = sorted(found.read(f"{inside}/wnids.txt").decode(errors="replace").split())
    number = {wnid: i for i, wnid in enumerate(wnids)}
    words = found.read(f"{inside}/words.txt").decode(errors="replace")
    name_of = dict(line.split("\t", 1) for line in words.splitlines() if "\t" in line)
    train = [name for name in found.names if name.startswith(f"{inside}/train/") and name.endswith(".JPEG")]
    test, labels = [], []
    for line in found.read(f"{inside}/val/val_annotations.txt").decode(errors="replace").splitlines():
        name, _, rest = line.partition("\t")
        test.append(f"{inside}/val/images/{name}")
        labels.append(rest.split("\t")[0])
    labels = [name.split("/")[2] for name in train] + labels
    names = train + test
    there = set(found.names)
    for name, wnid in zip(names, labels, strict=True):
        if name not in there:
            raise InputError(f"{path}/{name}", "is missing, val_annotations.txt names it", "download the archive again")
        if wnid not in number:
            raise InputError(f"{path}/{name}", f"has class {wnid!r}, which is not in wnids.txt", "download it again")
    if missing := set(number) - set(labels[: len(train)]):
        raise InputError(f"{path}/{inside}/train", f"has no picture of {min(missing)}", "download it again")

    def read(i: int) -> np.ndarray:
        return pictures.decode(found.read(names[i]), f"{path}/{names[i]}", "RGB", convert=True, size=(64, 64))

    parts = {"train": np.arange(len(train)), "test": np.arange(len(train), len(names))}
    return Raw(read, np.array([number[wnid] for wnid in labels]), [name_of.get(wnid, wnid) for wnid in wnids], parts)
