"""DVS-CIFAR10: pictures of CIFAR-10 moved before an event camera; 1,000 recordings per class, 128x128 pixels, no split.

Read from the zips of the original release, which hold AEDAT 2.0, as TET's authors used them; tonic serves a conversion.
Recordings are sorted by class, then by the number in their name. The camera was rotated: recordings are turned upright,
as in TET's code; SpikingJelly's are mirror images of these.
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
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Options(Model):
    """How recordings become frames.

    `frames`: see `data/formats/event_frames.py`.
    """

    frames: Frames


def load(options: Options, raw: Path) -> Raw:
    """All recordings, decoded one by one when they are read; raises InputError naming the file."""
    samples, y_N = [], []
    for label, name in enumerate(CLASSES):
        found = archives.members(raw / f"{name}.zip")
        numbered = {m: match for m in found.names if (match := re.search(r"_(\d+)\.aedat$", m))}
        if not numbered:
            raise InputError(found.path, "holds no recording", "download it again")
        samples += [(found, member) for member in sorted(numbered, key=lambda m: int(numbered[m][1]))]
        y_N += [label] * len(numbered)

    def read(i: int) -> np.ndarray:
        found, name = samples[i]
        seen = event_files.aedat2(found.read(name), f"{found.path}/{name}", SENSOR)
        upright = seen._replace(x_E=127 - seen.y_E, y_E=seen.x_E)  # a quarter turn clockwise
        return event_frames.frames(upright, SENSOR, options.frames)

    return Raw(read, np.array(y_N), CLASSES, {})
