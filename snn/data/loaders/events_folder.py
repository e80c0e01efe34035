"""Event recordings in one folder per class, in a folder or an archive: your own, or a part of N-MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from snn.config import Frames
from snn.core.lazy import lazy
from snn.core.strict import Many, Model, Positive
from snn.data.loaders import Parts, Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import event_files, event_frames, folders

event_files = lazy("snn.data.formats.event_files")
folders = lazy("snn.data.formats.folders")
event_frames = lazy("snn.data.formats.event_frames")


class Options(Model):
    """`folder`: folder or archive of the data, below data/raw/NAME or absolute. `parts`: its folders of training and
    test data; empty if it holds the folders of the classes. `format`: see `data/formats/event_files.py`. For npy,
    `columns`: the order of columns of an array (E, 4), and `unit_us`: microseconds per unit of time. `sensor`: height
    and width. `sha256`: of the content, see `data/formats/archives.py`.
    `frames`: see `data/formats/event_frames.py`.
    """

    folder: str = "."
    parts: Parts = ("train", "test")
    format: Literal["atis", "aedat2", "npy"]
    columns: Many[Literal["x", "y", "t", "p"]] = ("x", "y", "p", "t")
    unit_us: Positive = 1
    sensor: Annotated[Many[Positive], Field(min_length=2, max_length=2)]
    frames: Frames
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if sorted(columns) != ["p", "t", "x", "y"]:
            raise ValueError("columns names each of x, y, t and p once")
        return columns

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Options:
        if self.format != "npy" and (self.columns, self.unit_us) != (("x", "y", "p", "t"), 1):
            raise ValueError("columns and unit_us belong to format: npy")
        if self.format == "aedat2" and self.sensor != (128, 128):
            raise ValueError("format aedat2 is that of a DVS128: set sensor: [128, 128]")
        if self.frames.resize == "pool" and any(
            n > m for n, m in zip(self.frames.size or self.sensor, self.sensor, strict=True)
        ):
            raise ValueError("frames.size is larger than the sensor, and a pool cannot enlarge")
        return self


def load(options: Options, raw: Path) -> Raw:
    """All recordings, decoded one by one when they are read; raises InputError naming the folder or recording."""
    root, suffixes = raw / options.folder, event_files.SUFFIXES[options.format]
    found, names, y_N, class_names, parts = folders.classified(root, options.parts, suffixes, options.sha256)
    extra = (options.columns, options.unit_us) if options.format == "npy" else ()

    def read(i: int) -> np.ndarray:
        content, where = found.read(names[i]), f"{root}/{names[i]}"
        recording = event_files.READERS[options.format](content, where, options.sensor, *extra)
        return event_frames.frames(recording, options.sensor, options.frames)

    return Raw(read, y_N, class_names, parts)
