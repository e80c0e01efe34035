"""DVS128 Gesture: eleven gestures of 29 people before an event camera, as tonic serves it, one gesture per file.

The archives hold userNN_LIGHT/CLASS.npy with columns x, y, polarity and time in milliseconds. Recordings are sorted by
folder, then by class.
"""

from __future__ import annotations

import re
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
SENSOR = (128, 128)
ARCHIVES = {"train": "ibmGestureTrain.tar.gz", "test": "ibmGestureTest.tar.gz"}
CLASSES = ["hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter-clockwise"]
CLASSES += ["left arm clockwise", "left arm counter-clockwise", "arm roll", "air drums", "air guitar", "other gestures"]


class Options(Model):
    """How recordings become frames.

    `frames`: see `data/formats/event_frames.py`.
    """

    frames: Frames


def load(options: Options, raw: Path) -> Raw:
    """All recordings, decoded one by one when they are read; raises InputError naming the file."""
    samples: list[tuple[archives.Members, str]] = []
    y_N: list[int] = []
    parts = {}
    for part, archive in ARCHIVES.items():
        found, begin = archives.members(raw / archive), len(samples)
        named = [match for name in found.names if (match := re.fullmatch(r"(.*user\d+_[^/]*)/(\d+)\.npy", name))]
        for match in sorted(named, key=lambda m: (m[1], int(m[2]))):
            if int(match[2]) >= len(CLASSES):
                raise InputError(f"{found.path}/{match[0]}", "names no class of 0 to 10", "download the archive again")
            samples.append((found, match[0]))
            y_N.append(int(match[2]))
        if not named:
            raise InputError(found.path, "holds no recording", "download it again")
        parts[part] = np.arange(begin, len(samples))

    def read(i: int) -> np.ndarray:
        found, name = samples[i]
        recording = event_files.npy(found.read(name), f"{found.path}/{name}", SENSOR, "xypt", unit=1000)
        return event_frames.frames(recording, SENSOR, options.frames)

    return Raw(read, np.array(y_N), CLASSES, parts)
