"""CIFAR-10 and CIFAR-100 from their binary releases, in the order of the release, which is also torchvision's.

torchvision reads the releases for Python, which are pickles; this loader does not. A record is one byte of class, or
two, coarse and fine, followed by 3072 bytes of red, green and blue rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Many, Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import archives

np = lazy("numpy")
archives = lazy("snn.data.formats.archives")
PIXELS = 3 * 32 * 32


class Options(Model):
    """`archive`, and its files of records (`train`, `test`) and of class names (`names`). A record begins with `labels`
    bytes; the last of them is the class.
    `archive`: file name of the release. `train`, `test`: names of files in it. `names`: name of the file of class
    names. `labels`: bytes of labels of a record.
    """

    archive: str
    train: Many[str]
    test: Many[str]
    names: str
    labels: Annotated[int, Field(ge=1, le=2)]


def load(options: Options, raw: Path) -> Raw:
    """50,000 training and 10,000 test images; raises InputError naming archive and file."""
    found = archives.members(raw / options.archive)
    class_names = found.read(options.names).decode(errors="replace").split()
    y_N, x_NCHW, counts = [], [], []
    for files in (options.train, options.test):
        counts.append(0)
        for name in files:
            record = options.labels + PIXELS
            content = np.frombuffer(found.read(name), np.uint8)
            where = f"{raw / options.archive}/{name}"
            if not len(content) or len(content) % record:
                raise InputError(where, f"holds {len(content)} bytes, no records of {record}", "download it again")
            records = content.reshape(-1, record)
            y_N.append(records[:, options.labels - 1])
            if y_N[-1].max() >= len(class_names):
                raise InputError(where, f"holds the label {y_N[-1].max()}, above all classes", "download it again")
            x_NCHW.append(records[:, options.labels :].reshape(-1, 3, 32, 32))
            counts[-1] += len(records)
    parts = {"train": np.arange(counts[0]), "test": np.arange(counts[0], sum(counts))}
    return Raw(np.concatenate(x_NCHW).__getitem__, np.concatenate(y_N).astype(np.int64), class_names, parts)
