"""The 8x8 handwritten digits that scikit-learn contains: 1,797 images, 10 classes, no download."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from snn.config import params
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Many, Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np
    from sklearn import datasets as sklearn_datasets

    from snn.core import files

files = lazy("snn.core.files")
np = lazy("numpy")
sklearn_datasets = lazy("sklearn.datasets")


Index = Annotated[int, Field(ge=0)]


class Options(Model):
    """`split`: a JSON file beside the YAML file, with the indices of train, validation and test."""

    split: str


class Split(Model):
    """The file of a split: the indices of images."""

    train: Many[Index]
    validation: Many[Index]
    test: Many[Index]


def reads(options: Options) -> list[Path]:
    """The split, and the images in scikit-learn; raises InputError if it is not installed."""
    library = importlib.util.find_spec("sklearn")
    if library is None or library.origin is None:
        raise InputError("scikit-learn", "is not installed, and contains the data set digits", "run make reproduce")
    return [_split_file(options), Path(library.origin).parent / "datasets" / "data" / "digits.csv.gz"]


def load(options: Options, raw: Path) -> Raw:
    """All images, grey levels 0 to 16; raises InputError if the split is not a partition of them. `raw` is not read."""
    bunch = sklearn_datasets.load_digits()
    path, again = _split_file(options), "restore it from git"
    split = params.validate(Split, files.read_json(path, again), params.Place(path))
    if sorted((*split.train, *split.validation, *split.test)) != list(range(len(bunch.target))):
        raise InputError(path, "does not name every image exactly once", again)
    parts = {part: np.array(indices) for part, indices in split}
    x_NCHW = bunch.images[:, None].astype(np.uint8)
    return Raw(x_NCHW.__getitem__, bunch.target, [str(name) for name in bunch.target_names], parts)


def _split_file(options: Options) -> Path:
    return params.FOLDER / "datasets" / Path(options.split).name
