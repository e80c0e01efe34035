"""Pictures of the usual formats as arrays, by Pillow. Orientation tags are not obeyed, as in torchvision; only those of
TIFF are, by Pillow itself.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from snn.core.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # Pillow knows others, one of which starts Ghostscript
EIGHT_BITS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "LAB", "HSV"}
LARGEST = 1 << 26  # pixels of a scaled picture: one of 1 x 20000 would need gigabytes
AGAIN = "fetch it anew, or remove it"


def decode(
    content: bytes,
    where: str,
    mode: Literal["RGB", "L"],
    convert: bool,
    size: Sequence[int],
    shorter_side: int | None = None,
) -> np.ndarray:
    """One picture as uint8 (C, H, W) of `size` (H, W).

    `convert`: another mode than `mode` is converted, as Pillow's convert does, and not refused; more than eight bits a
    channel are always refused. `shorter_side`: it is scaled to that length first, bilinear with antialiasing, and the
    middle is cut out, as torchvision's Resize and CenterCrop do; else the size must be right. Raises InputError naming
    the picture; what its header tells is judged before a pixel is decoded.
    """
    if not content:
        raise InputError(where, "is empty", AGAIN)
    with _refused(where):
        opened = Image.open(io.BytesIO(content), formats=FORMATS)
    if _deep(opened):
        raise InputError(where, f"has mode {opened.mode}, more than eight bits a channel", "store it with eight")
    if opened.mode != mode and not convert:
        raise InputError(where, f"has mode {opened.mode}, not {mode}", f"store it as {mode}, or say convert: true")
    if shorter_side:
        target = _scaled(opened.size, shorter_side, where)
        box = _middle(target, size, where)
    elif (opened.height, opened.width) != tuple(size):
        what = f"is {opened.height}x{opened.width} pixels, not {size[0]}x{size[1]}"
        raise InputError(where, what, "scale it, or say shorter_side")
    with _refused(where):
        if opened.format == "PNG":
            Image.open(io.BytesIO(content)).verify()  # of its checksums, decoding misses some
        picture = opened.convert(mode)
        if shorter_side:
            picture = picture.resize(target, Image.Resampling.BILINEAR).crop(box)
    x = np.asarray(picture)
    return x[None] if mode == "L" else np.ascontiguousarray(x.transpose(2, 0, 1))


@contextlib.contextmanager
def _refused(where: str) -> Iterator[None]:
    """Whatever Pillow says of a picture that is none, as an InputError that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of tags that nobody reads, of transparency that is dropped
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError as error:
        raise InputError(where, f"is no picture ({', '.join(FORMATS)})", AGAIN) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(where, f"is too large ({error})", "remove it, or scale it down") from error
    except Exception as error:  # Pillow's many decoders raise what they like; nothing of the picture is used
        raise InputError(where, f"cannot be decoded ({error})", AGAIN) from error


def _deep(picture: ImageFile.ImageFile) -> bool:
    """Whether a channel has more than eight bits, also in the colour pictures that Pillow narrows without a word: then
    only the raw mode that its decoder is told, or for PPM the largest value, gives them away.
    """
    if picture.mode not in EIGHT_BITS:
        return True
    told = [tile.args for tile in picture.tile]
    if picture.format == "PPM":
        return any(isinstance(args, tuple) and args[1] > 255 for args in told)
    return picture.format in ("PNG", "TIFF") and ";16" in repr(told)


def _scaled(size: tuple[int, int], shorter_side: int, where: str) -> tuple[int, int]:
    """Width and height once the shorter of them is as asked for."""
    width, height = size
    longer_side = int(shorter_side * max(size) / min(size))
    if shorter_side * longer_side > LARGEST:
        what = f"is {height}x{width} pixels, too narrow to be scaled to a shorter side of {shorter_side}"
        raise InputError(where, what, "remove it, or cut it")
    return (shorter_side, longer_side) if width <= height else (longer_side, shorter_side)


def _middle(scaled: tuple[int, int], size: Sequence[int], where: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is cut out."""
    (width, height), (cut_height, cut_width) = scaled, size
    if cut_height > height or cut_width > width:
        what = f"is {height}x{width} pixels once scaled, too small to cut {cut_height}x{cut_width} out"
        raise InputError(where, what, "choose a larger shorter_side")
    top, left = round((height - cut_height) / 2), round((width - cut_width) / 2)
    return left, top, left + cut_width, top + cut_height
