"""From raw data to prepared tensors. A loader is a file here, found by its name, with

    Options                       what its YAML may say under `options`
    load(options, raw) -> Raw     all samples and which of them are training and test data; `raw` is the folder with the
                                  released files, whose checksums have been compared before
    reads(options) -> paths       optional: files besides those that it reads, which so enter the digest

Samples are read one at a time and written as they come, so that no data set has to fit in memory. Test data go into a
file of their own, which no training, calibration or tuning job reads. `index_<part>` says which sample of the release
each one is, counted as the loader counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from snn.errors import InputError
from snn.lazy import lazy
from snn.spec import Many

if TYPE_CHECKING:
    import numpy as np

download = lazy("snn.download")
files = lazy("snn.files")
split = lazy("snn.split")
numpy = lazy("numpy")
tqdm = lazy("tqdm")


def _apart(parts: tuple[str, ...]) -> tuple[str, ...]:
    if len(parts) == 2:
        one, other = (PurePosixPath(part) for part in parts)
        if one.is_relative_to(other) or other.is_relative_to(one):
            raise ValueError("test data would be training data: name two folders, neither inside the other")
    return parts


Parts = Annotated[Many[str], Field(max_length=2), AfterValidator(_apart)]  # folders of training and of test data


class Raw(NamedTuple):
    """What a loader returns.

    `read(i)` gives sample i as uint8, an image (C, H, W) or frames (T, C, H, W), the same whenever it is asked for;
    it raises InputError naming the file when that cannot be read. `y_N` are the classes, known before any sample is
    read. `parts` are the indices of the released parts, train and test and where there is one validation; none where
    the release is one heap.
    """

    read: Callable[[int], np.ndarray]
    y_N: np.ndarray
    class_names: list[str]
    parts: Mapping[str, np.ndarray]


def run(job: Any, loader: Any, out: Path) -> dict[str, Any]:
    """Prepare the data set of a `jobs.Prepare` job: training and validation in one file, test in another."""
    dataset, where = job.dataset, f"data set {job.name}"
    for file in dataset.files:
        download.verify(file, job.raw / file.name)
    raw = loader.load(dataset.options, job.raw)
    if len(raw.class_names) != dataset.classes:
        found = f"has {len(raw.class_names)} classes, its YAML file says {dataset.classes}"
        raise InputError(where, found, "correct classes there")
    if len(set(raw.class_names)) < dataset.classes:
        raise InputError(where, "has two classes of one name", "name them apart")
    try:
        parts = split.carve(raw.y_N, raw.parts, dataset.split, dataset.train_limit, dataset.test_limit)
    except ValueError as error:
        raise InputError(where, str(error), "change split or limits in its YAML file") from None
    pixels = Pixels(dataset.input_shape[0])

    def metadata(names: tuple[str, ...]) -> dict[str, Any]:
        said = {key: getattr(dataset, key) for key in ("task", "white", "normalise", "spikes")}
        about = {"digest": job.digest, "class_names": raw.class_names, "parts": names}
        return {**about, **said, "statistics": pixels.statistics()}

    def samples(indices: np.ndarray, bar: Any, seen: bool) -> Iterator[np.ndarray]:
        for i in indices.tolist():
            x = _checked(raw.read(i), dataset, where)
            if seen:
                pixels.see(x)
            bar.update()
            yield x

    def write(name: str, *names: str) -> None:
        count = sum(len(parts[part]) for part in names)
        with tqdm.tqdm(total=count, unit="sample", desc=f"{job.name}: {name}", disable=None) as bar:
            streams = {f"y_{part}": _integers(raw.y_N[parts[part]]) for part in names}
            streams |= {f"index_{part}": _integers(parts[part]) for part in names}
            for part in names:
                shape = (len(parts[part]), *dataset.sample_shape)
                streams[f"x_{part}"] = files.Stream("uint8", shape, samples(parts[part], bar, part == "train"))
            files.stream_tensors(out / f"{name}.safetensors", streams, lambda: metadata(names))

    write("train", "train", "validation")
    if dataset.normalise == "standard" and 0 in pixels.statistics()["std"]:
        found = "has a channel that is the same everywhere in the training part, which cannot be standardised"
        raise InputError(where, found, "choose normalise: white in its YAML file")
    write("test", "test")
    return {"samples": {part: len(indices) for part, indices in parts.items()}}


class Pixels:
    """How often each value occurs in each channel, hence the exact mean and standard deviation of a channel."""

    def __init__(self, channels: int):
        self.count_CV = numpy.zeros((channels, 256), numpy.int64)

    def see(self, x: np.ndarray) -> None:
        """Count those of a sample (..., C, H, W)."""
        for values, count_V in zip(numpy.moveaxis(x, -3, 0), self.count_CV, strict=True):
            count_V += numpy.bincount(values.ravel(), minlength=256)

    def statistics(self) -> dict[str, list[float]]:
        """Of all that was seen."""
        n_C = self.count_CV.sum(1).clip(min=1)
        values_V = numpy.arange(256)
        mean_C = self.count_CV @ values_V / n_C
        variance_C = (self.count_CV * (values_V - mean_C[:, None]) ** 2).sum(1) / n_C
        return {"mean": mean_C.tolist(), "std": numpy.sqrt(variance_C).tolist()}


def _checked(x: np.ndarray, dataset: Any, where: str) -> np.ndarray:
    if x.shape != dataset.sample_shape or x.dtype != "uint8":
        found = f"loader gave a sample of shape {x.shape} and type {x.dtype}, not {dataset.sample_shape} and uint8"
        raise InputError(where, found, "correct input_shape and frames in its YAML file")
    largest = 1 if dataset.spikes else dataset.white
    if x.max(initial=0) > largest:
        key = "spikes" if dataset.spikes else "white"
        raise InputError(where, f"has a value of {x.max()}, above {largest}", f"correct {key} in its YAML file")
    return x


def _integers(values_N: np.ndarray) -> Any:
    return files.Stream("int64", values_N.shape, [values_N])
