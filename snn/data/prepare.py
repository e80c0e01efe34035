"""Prepare a data set: split it, then read and write one sample at a time, so that none has to fit in memory.

Test data get their own file, which no training, calibration or tuning job reads. `index_<part>` holds the index of each
sample in the release, as its loader counts.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from snn.config import Dataset
from snn.core import stored
from snn.core.errors import InputError
from snn.core.observer import TERMINAL, Observer, Progress
from snn.data import download, shapes, splits
from snn.data.loaders import Loader, Raw


class Job(Protocol):
    """The data set to prepare: a `snn.pipeline.jobs.prepare.Prepare`."""

    @property
    def name(self) -> str:
        """The name of the data set."""

    @property
    def dataset(self) -> Dataset:
        """The parameters of the data set."""

    @property
    def raw(self) -> Path:
        """The folder of the released files."""

    @property
    def digest(self) -> str:
        """The digest of the result."""


def run(job: Job, loader: Loader, out: Path, observer: Observer = TERMINAL) -> dict[str, Any]:
    """Write train.safetensors, with training and validation data, and test.safetensors into `out`.

    Raises InputError naming the data set if its samples differ from what its YAML file declares.
    """
    dataset, where = job.dataset, f"data set {job.name}"
    for file in dataset.files:
        download.verify(file, job.raw / file.name)
    raw = loader.load(dataset.options, job.raw)
    _check_classes(raw, dataset, where)
    try:
        parts = splits.carve(raw.y_N, raw.parts, dataset.split, dataset.train_limit, dataset.test_limit)
    except ValueError as error:
        raise InputError(where, str(error), "change split or limits in its YAML file") from None
    pixels, stated = Pixels(dataset.input_shape[0]), dataset.statistics

    def statistics() -> dict[str, list[float]]:
        if stated is None:
            return pixels.statistics()
        shares = {"mean": stated.mean, "std": stated.std}
        return {name: [share * dataset.white for share in shares_C] for name, shares_C in shares.items()}

    def metadata(names: tuple[str, ...]) -> dict[str, Any]:
        shown = {key: getattr(dataset, key) for key in ("task", "white", "normalise", "spikes")}
        about = {"digest": job.digest, "class_names": raw.class_names, "parts": names}
        return {**about, **shown, "statistics": statistics()}

    def samples(indices: np.ndarray, progress: Progress, seen: bool) -> Iterator[np.ndarray]:
        for i in indices.tolist():
            x = _checked(raw.read(i), dataset, where)
            if seen:
                pixels.see(x)
            progress.step()
            yield x

    def write(name: str, *names: str) -> None:
        count = sum(len(parts[part]) for part in names)
        with observer.progress(count, "sample", title=f"{job.name}: {name}") as progress:
            streams = {f"y_{part}": _integers(raw.y_N[parts[part]]) for part in names}
            streams |= {f"index_{part}": _integers(parts[part]) for part in names}
            for part in names:
                shape = (len(parts[part]), *shapes.sample_shape(dataset))
                streams[f"x_{part}"] = stored.Stream("uint8", shape, samples(parts[part], progress, part == "train"))
            stored.stream_tensors(out / f"{name}.safetensors", streams, lambda: metadata(names))

    write("train", "train", "validation")
    if dataset.normalise == "standard" and 0 in statistics()["std"]:
        found = "has a channel that is constant in the training part and cannot be standardised"
        raise InputError(where, found, "choose normalise: white in its YAML file")
    write("test", "test")
    return {"samples": {part: len(indices) for part, indices in parts.items()}}


class Pixels:
    """A histogram per channel, for its exact mean and standard deviation."""

    def __init__(self, channels: int):
        self.count_CV = np.zeros((channels, 256), np.int64)

    def see(self, x: np.ndarray) -> None:
        """Count the values of a sample (..., C, H, W)."""
        for values, count_V in zip(np.moveaxis(x, -3, 0), self.count_CV, strict=True):
            count_V += np.bincount(values.ravel(), minlength=256)

    def statistics(self) -> dict[str, list[float]]:
        """Mean and standard deviation per channel of all samples seen."""
        n_C = self.count_CV.sum(1).clip(min=1)
        values_V = np.arange(256)
        mean_C = self.count_CV @ values_V / n_C
        variance_C = (self.count_CV * (values_V - mean_C[:, None]) ** 2).sum(1) / n_C
        return {"mean": mean_C.tolist(), "std": np.sqrt(variance_C).tolist()}


def _check_classes(raw: Raw, dataset: Dataset, where: str) -> None:
    if len(raw.class_names) != dataset.classes:
        found = f"has {len(raw.class_names)} classes, its YAML file {dataset.classes}"
        raise InputError(where, found, "correct classes there")
    if len(set(raw.class_names)) < dataset.classes:
        raise InputError(where, "has two classes of the same name", "give them different names")


def _checked(x: np.ndarray, dataset: Dataset, where: str) -> np.ndarray:
    if x.shape != (expected := shapes.sample_shape(dataset)) or x.dtype != "uint8":
        found = f"has a sample of shape {x.shape} and type {x.dtype}, expected are {expected} and uint8"
        raise InputError(where, found, "correct input_shape and frames in its YAML file")
    largest = 1 if dataset.spikes else dataset.white
    if x.max(initial=0) > largest:
        key = "spikes" if dataset.spikes else "white"
        raise InputError(where, f"has a value of {x.max()}, above {largest}", f"correct {key} in its YAML file")
    return x


def _integers(values_N: np.ndarray) -> stored.Stream:
    return stored.Stream("int64", values_N.shape, [values_N])
