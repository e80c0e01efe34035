"""MNIST, Fashion-MNIST, KMNIST: four idx files, in the order of the release, which is also torchvision's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Many, Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import idx

np = lazy("numpy")
idx = lazy("snn.data.formats.idx")


class Options(Model):
    """The names of the ten classes.

    `class_names`: in the order of the labels.
    """

    class_names: Many[str]


def load(options: Options, raw: Path) -> Raw:
    """60,000 training and 10,000 test images; raises InputError naming the file that is wrong."""
    x_NHW, y_N = [], []
    for part in ("train", "t10k"):
        images, labels = (raw / f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
        x_NHW.append(idx.read(images, axes=3))
        y_N.append(idx.read(labels, axes=1))
        if len(x_NHW[-1]) != len(y_N[-1]):
            what = f"holds {len(y_N[-1])} labels for the {len(x_NHW[-1])} images of {images.name}"
            raise InputError(labels, what, "download both again")
        if y_N[-1].max(initial=0) >= len(options.class_names):
            raise InputError(labels, f"holds the label {y_N[-1].max()}, above all classes", "download it again")
    if x_NHW[0].shape[1:] != x_NHW[1].shape[1:]:
        raise InputError(images, "has images of another size than the training images", "download both again")
    x_NCHW = np.concatenate(x_NHW)[:, None]
    n = len(y_N[0])
    parts = {"train": np.arange(n), "test": np.arange(n, len(x_NCHW))}
    return Raw(x_NCHW.__getitem__, np.concatenate(y_N).astype(np.int64), list(options.class_names), parts)
