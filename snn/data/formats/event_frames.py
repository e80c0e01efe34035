"""Turn events into frames: cut a recording into T slices, and make each slice an image of two channels, darker and
brighter.

With t0 and t1 the first and the last time, E the number of events and i the index of an event, its slice is

    count      floor(T i / E)                       slices of equal count, within one event
    duration   floor(T (t - t0) / (t1 - t0 + 1))    slices of equal duration
    bins       floor((t - t0) / bin_us)             bins of fixed duration; later events are left out

The value of a pixel is the count of its events, or 1 if there is any. `resize`:

    none       the size of the sensor
    pool       sums over k x k pixels, k = floor(sensor / size); pixels left over at the far border are dropped
    bilinear   the slice is divided by its largest count and resized channel by channel; 0 to 1 is stored as 0 to 255
    released   as in the code released with TET (Deng et al., ICLR 2022): binary values; both channels form one picture
               of grey and alpha, so that Pillow weighs grey by alpha: darker events remain only near brighter ones

bilinear and released use Pillow's bilinear filter, which widens when it shrinks an image, as torchvision's Resize of a
picture does.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from snn.config import Frames
from snn.core.errors import InputError
from snn.data.formats.event_files import Events


def frames(events: Events, sensor: Sequence[int], options: Frames) -> np.ndarray:
    """A recording as uint8 (T, 2, H, W); counts above 255 become 255. `sensor`: height and width.

    Raises InputError if a pool would have to enlarge.
    """
    slice_E, height, width = _slices(events, options), *sensor
    x_E, y_E = events.x_E, events.y_E
    kept_E = slice_E < options.steps
    new_height, new_width = options.size or sensor
    if options.resize == "pool":
        k_y, k_x = height // new_height, width // new_width
        if not (k_y and k_x):
            found = f"pool cannot make {new_height}x{new_width} of {height}x{width} pixels"
            raise InputError("options.frames.size", found, "choose a smaller size")
        x_E, y_E = x_E // k_x, y_E // k_y
        kept_E &= (x_E < new_width) & (y_E < new_height)
        height, width = new_height, new_width
    cell_E = ((slice_E * 2 + events.p_E) * height + y_E) * width + x_E
    shape = (options.steps, 2, height, width)
    count_TCHW = np.bincount(cell_E[kept_E], minlength=np.prod(shape)).reshape(shape)
    if options.value == "binary":
        count_TCHW = (count_TCHW > 0).astype(np.int64)
    if options.resize in ("none", "pool"):
        return count_TCHW.clip(max=255).astype(np.uint8)
    shrink = _released if options.resize == "released" else _bilinear
    return np.stack([shrink(slice_CHW, (new_height, new_width)) for slice_CHW in count_TCHW])


def _slices(events: Events, options: Frames) -> np.ndarray:
    if options.slices == "count":
        return options.steps * np.arange(len(events.t_E)) // len(events.t_E)
    elapsed_E = events.t_E - events.t_E[0]
    if options.slices == "bins":
        return elapsed_E // options.bin_us
    return options.steps * elapsed_E // (elapsed_E[-1] + 1)


def _bilinear(slice_CHW: np.ndarray, size: Sequence[int]) -> np.ndarray:
    shares_CHW = slice_CHW.astype(np.float32) / max(1, slice_CHW.max())
    maps = [Image.fromarray(map_HW).resize((size[1], size[0]), Image.Resampling.BILINEAR) for map_HW in shares_CHW]
    return np.rint(255 * np.stack([np.asarray(m) for m in maps]).clip(0, 1)).astype(np.uint8)


def _released(slice_CHW: np.ndarray, size: Sequence[int]) -> np.ndarray:
    grey_alpha_HWC = np.ascontiguousarray((255 * slice_CHW).astype(np.uint8).transpose(1, 2, 0))
    picture = Image.frombytes("LA", grey_alpha_HWC.shape[1::-1], grey_alpha_HWC.tobytes())
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
