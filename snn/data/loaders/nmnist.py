"""N-MNIST: the digits of MNIST before an event camera that moved three times; 34x34 pixels, read from the zips.

Recordings are sorted as by tonic: by digit, then by number.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snn.config import Frames
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.data.loaders import Raw

if TYPE_CHECKING:
    import numpy as np

    from snn.data.formats import archives, event_files, event_frames

np = lazy("numpy")
archives = lazy("snn.data.formats.archives")
event_files = lazy("snn.data.formats.event_files")
event_frames = lazy("snn.data.formats.event_frames")
SENSOR = (34, 34)
PARTS = {"train": ("train.zip", "Train"), "test": ("test.zip", "Test")}


class Options(Model):
    """How recordings become frames.

    `frames`: see `data/formats/event_frames.py`.
    """

    frames: Frames


def load(options: Options, raw: Path) -> Raw:
    """60,000 training, 10,000 test recordings, decoded when they are read; raises InputError naming the file."""
    samples: list[tuple[archives.Members, str]] = []
    y_N: list[int] = []
    parts = {}
    for part, (archive, folder) in PARTS.items():
        found, begin = archives.members(raw / archive), len(samples)
        for digit in range(10):
            names = [n for n in found.names if n.startswith(f"{folder}/{digit}/") and n.endswith(".bin")]
            if not names:
                raise InputError(raw / archive, f"holds no recording in {folder}/{digit}", "download it again")
            samples += [(found, name) for name in names]
            y_N += [digit] * len(names)
        parts[part] = np.arange(begin, len(samples))

    def read(i: int) -> np.ndarray:
        found, name = samples[i]
        recording = event_files.atis(found.read(name), f"{found.path}/{name}", SENSOR)
        return event_frames.frames(recording, SENSOR, options.frames)

    return Raw(read, np.array(y_N), [str(digit) for digit in range(10)], parts)
