"""Pictures in one folder per class, in a folder or an archive: ImageNet, or your own. Sorted as by torchvision's
ImageFolder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Many, Model, Window
from snn.data.loaders import Parts, Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import folders, pictures

folders = lazy("snn.data.formats.folders")
pictures = lazy("snn.data.formats.pictures")


class Options(Model):
    """`folder`: folder or archive of the data, below data/raw/NAME or absolute. `parts`: its folders of training and
    test data; empty if it holds the folders of the classes. `size`: height and width of a sample. `mode`, `convert`,
    `shorter_side`: see `data/formats/pictures.py`. `sha256`: of the content, see `data/formats/archives.py`.
    """

    folder: str = "."
    parts: Parts = ("train", "test")
    size: Annotated[Many[int], Field(min_length=2, max_length=2)]
    mode: Literal["RGB", "L"] = "RGB"
    convert: bool = False
    shorter_side: Window | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


def load(options: Options, raw: Path) -> Raw:
    """All pictures, decoded one by one when they are read; raises InputError naming the folder or picture."""
    root = raw / options.folder
    found, names, y_N, class_names, parts = folders.classified(root, options.parts, pictures.SUFFIXES, options.sha256)

    def read(i: int) -> np.ndarray:
        how = options.mode, options.convert, options.size, options.shorter_side
        return pictures.decode(found.read(names[i]), f"{root}/{names[i]}", *how)

    return Raw(read, y_N, class_names, parts)
