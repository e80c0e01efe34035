"""From raw data to prepared tensors. A loader is a file here, found by its name, with

    Options                                what its YAML may say under `options`
    load(options) -> Raw                   all samples and which of them are training, validation and test

Test data go into a file of their own, which no training, calibration or tuning job reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from snn.errors import InputError
from snn.lazy import lazy

if TYPE_CHECKING:
    import numpy as np

files = lazy("snn.files")


class Raw(NamedTuple):
    """What a loader returns: uint8 images (N, C, H, W), classes (N,), class names, indices of each part."""

    x_NCHW: np.ndarray
    y_N: np.ndarray
    class_names: list[str]
    parts: dict[str, np.ndarray]


def run(job: Any, loader: Any, out: Path) -> dict[str, Any]:
    """Prepare the data set of a `grid.Prepare` job: training and validation in one file, test in another."""
    raw = loader.load(job.dataset.options)
    if raw.x_NCHW.shape[1:] != job.dataset.input_shape or len(raw.class_names) != job.dataset.classes:
        found = f"loader gave {raw.x_NCHW.shape[1:]} and {len(raw.class_names)} classes"
        raise InputError(f"data set {job.name}", found, "correct input_shape and classes in its YAML file")
    x = raw.x_NCHW[raw.parts["train"]].astype("float64")
    statistics = {"mean": x.mean(axis=(0, 2, 3)).tolist(), "std": x.std(axis=(0, 2, 3)).tolist()}
    if raw.x_NCHW.max() > job.dataset.white:
        found = f"has a pixel of {raw.x_NCHW.max()}, above white ({job.dataset.white})"
        raise InputError(f"data set {job.name}", found, "correct white in its YAML file")
    white = job.dataset.white if job.dataset.task == "reconstruction" else None
    shared = {"digest": job.digest, "statistics": statistics, "class_names": raw.class_names, "white": white}
    for name, parts in (("test", ["test"]), ("train", ["train", "validation"])):
        arrays = {f"x_{part}": raw.x_NCHW[raw.parts[part]] for part in parts}
        arrays |= {f"y_{part}": raw.y_N[raw.parts[part]].astype("int64") for part in parts}
        files.write_tensors(out / f"{name}.safetensors", arrays, {**shared, "parts": parts})
    return {"samples": {part: len(indices) for part, indices in raw.parts.items()}}
