"""Pictures of any usual format as arrays, by Pillow. Orientation tags are not obeyed; torchvision does not either."""

import io
import warnings
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from snn.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
EIGHT_BITS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "LAB", "HSV"}
AGAIN = "fetch it anew, or remove it"


def decode(
    content: bytes,
    where: str,
    mode: Literal["RGB", "L"],
    convert: bool,
    size: tuple[int, int],
    shorter_side: int | None = None,
) -> np.ndarray:
    """One picture as uint8 (C, H, W) of `size` (H, W).

    `convert`: another mode than `mode` is converted, as Pillow's convert does, and not refused; more than eight bits a
    channel are always refused. `shorter_side`: it is scaled to that length first, bilinear with antialiasing, and the
    middle is cut out, as torchvision's Resize and CenterCrop do; else the size must be right. Raises InputError naming
    the picture.
    """
    if not content:
        raise InputError(where, "is empty", AGAIN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")  # of tags that nobody reads
            picture = Image.open(io.BytesIO(content))
            picture.load()
    except UnidentifiedImageError as error:
        raise InputError(where, "is no picture", AGAIN) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(where, f"is too large ({error})", "remove it, or scale it down") from error
    except Exception as error:  # Pillow's many decoders raise what they like; nothing of the picture is used
        raise InputError(where, f"cannot be decoded ({error})", AGAIN) from error
    if picture.mode not in EIGHT_BITS:
        raise InputError(where, f"has mode {picture.mode}, more than eight bits a channel", "store it with eight")
    if picture.mode != mode:
        if not convert:
            raise InputError(where, f"has mode {picture.mode}, not {mode}", f"store it as {mode}, or say convert: true")
        picture = picture.convert(mode)
    if shorter_side:
        picture = _middle(_scaled(picture, shorter_side), size, where)
    if (picture.height, picture.width) != size:
        what = f"is {picture.height}x{picture.width} pixels, not {size[0]}x{size[1]}"
        raise InputError(where, what, "scale it, or say shorter_side")
    x = np.asarray(picture)
    return x[None] if mode == "L" else np.ascontiguousarray(x.transpose(2, 0, 1))


def _scaled(picture: Image.Image, shorter_side: int) -> Image.Image:
    width, height = picture.size
    short, long = sorted((width, height))
    if short == shorter_side:
        return picture
    longer_side = int(shorter_side * long / short)
    target = (shorter_side, longer_side) if width <= height else (longer_side, shorter_side)
    return picture.resize(target, Image.Resampling.BILINEAR)


def _middle(picture: Image.Image, size: tuple[int, int], where: str) -> Image.Image:
    height, width = size
    if height > picture.height or width > picture.width:
        what = f"is {picture.height}x{picture.width} pixels once scaled, too small to cut {height}x{width} out"
        raise InputError(where, what, "choose a larger shorter_side")
    top, left = round((picture.height - height) / 2), round((picture.width - width) / 2)
    return picture.crop((left, top, left + width, top + height))
