"""Images in arrays x_train, y_train, x_test and y_test: one .npz file, or a folder of .npy files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Many, Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np

np = lazy("numpy")
Key = Literal["x_train", "y_train", "x_test", "y_test"]
KEYS: tuple[Key, ...] = get_args(Key)
AXES = {"NHWC": (0, 3, 1, 2), "NCHW": (0, 1, 2, 3), "NHW": (0, 1, 2)}
Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Options(Model):
    """`file`: the .npz, or the folder of the .npy files, below data/raw/NAME or absolute. `layout`: axes of the images.
    `class_names`: 0, 1, 2 ... by default. `sha256`: of the bytes of each array in C order.
    """

    file: str
    layout: Literal["NHWC", "NCHW", "NHW"] = "NHWC"
    class_names: Many[str] = ()
    sha256: dict[Key, Sum] = Field({})


def load(options: Options, raw: Path) -> Raw:
    """Training and test images; raises InputError naming the file and the array that is wrong.

    Arrays of a folder are mapped into memory, those of an .npz are read.
    """
    path = raw / options.file
    arrays = {key: _checked(_read(path, key), key, options, path) for key in KEYS}
    x_train, y_train, x_test, y_test = arrays.values()
    labels: tuple[tuple[Key, np.ndarray, np.ndarray], ...] = (("y_train", x_train, y_train), ("y_test", x_test, y_test))
    for key, x, y in labels:
        if len(x) != len(y):
            raise InputError(_where(path, key), f"has {len(y)} labels for {len(x)} images", "make them agree")
    if x_train.shape[1:] != x_test.shape[1:]:
        what = f"has images of shape {x_test.shape[1:]}, x_train of {x_train.shape[1:]}"
        raise InputError(_where(path, "x_test"), what, "make them agree")
    lowest = min(int(y_train.min()), int(y_test.min()))  # Python's integers hold any label
    highest = max(int(y_train.max()), int(y_test.max()))
    most = len(options.class_names) or len(y_train)  # every class needs a training sample
    if lowest < 0 or highest >= most:
        what = f"hold labels from {lowest} to {highest}, for at most {most} classes"
        raise InputError(f"{path}: y_train and y_test", what, "number the classes from 0")
    y_N = np.concatenate([y_train.astype(np.int64), y_test.astype(np.int64)])
    class_names = list(options.class_names) or [str(k) for k in range(highest + 1)]
    n = len(y_train)

    def read(i: int) -> np.ndarray:
        x = x_train[i] if i < n else x_test[i - n]
        return x[None] if options.layout == "NHW" else np.ascontiguousarray(x)

    return Raw(read, y_N, class_names, {"train": np.arange(n), "test": np.arange(n, len(y_N))})


def _read(path: Path, key: Key) -> np.ndarray:
    """One array; nothing is unpickled."""
    where = _where(path, key)
    try:
        if path.is_dir():
            return np.load(path / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        with np.load(path, allow_pickle=False) as archive:
            if key not in archive.files:
                known = ", ".join(archive.files)
                raise InputError(where, f"is missing, found are {known}", "store it under that name")
            return archive[key]
    except FileNotFoundError as error:
        raise InputError(where, "is missing", "put it there") from error
    except InputError:
        raise
    except Exception as error:  # numpy raises many types for bytes that are no array
        raise InputError(where, f"cannot be read as an array ({error})", "store it with numpy.savez") from error


def _where(path: Path, key: Key) -> str:
    return f"{path}/{key}.npy" if path.is_dir() else f"{path}: {key}"


def _checked(array: np.ndarray, key: Key, options: Options, path: Path) -> np.ndarray:
    where = _where(path, key)
    if key.startswith("x") and (array.dtype != np.uint8 or array.ndim != len(options.layout)):
        what = f"is {array.dtype} with {array.ndim} axes, not uint8 {options.layout}"
        raise InputError(where, what, "store it so, or set another layout")
    if key.startswith("y") and (array.dtype.kind not in "iu" or array.ndim != 1):
        raise InputError(where, f"is {array.dtype} with {array.ndim} axes, not integers (N,)", "store it so")
    if not len(array):
        raise InputError(where, "is empty", "store some samples")
    if expected := options.sha256.get(key):
        found = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
        if found != expected:
            raise InputError(where, f"sha256 is {found}, expected is {expected}", "restore it, or correct the options")
    return array.transpose(AXES[options.layout]) if key.startswith("x") else array
