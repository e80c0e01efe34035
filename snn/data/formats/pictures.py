"""Decode pictures with Pillow. As in torchvision, orientation tags are ignored except those of TIFF."""

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from snn.core.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # others of Pillow are not safe: one starts Ghostscript
EIGHT_BITS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "LAB", "HSV"}
LARGEST = 1 << 26  # pixels of a scaled picture; 1 x 20000 would become gigabytes
AGAIN = "download it again, or remove it"


def decode(
    content: bytes,
    where: str,
    mode: Literal["RGB", "L"],
    convert: bool,
    size: Sequence[int],
    shorter_side: int | None = None,
) -> np.ndarray:
    """One picture as uint8 (C, H, W) of `size` (H, W).

    `convert`: convert other modes to `mode`, as Pillow does; otherwise they are errors. `shorter_side`: scale the
    shorter side to that length, bilinear with antialiasing, and cut out the centre, as torchvision's Resize and
    CenterCrop do; otherwise the picture must have `size`. Raises InputError naming the picture, also if a channel has
    more than eight bits; the header is checked before any pixel is decoded.
    """
    if not content:
        raise InputError(where, "is empty", AGAIN)
    with _refused(where):
        opened = Image.open(io.BytesIO(content), formats=FORMATS)
    if _deep(opened):
        raise InputError(where, f"has mode {opened.mode}, more than eight bits a channel", "store it with eight")
    if opened.mode != mode and not convert:
        raise InputError(where, f"has mode {opened.mode}, not {mode}", f"store it as {mode}, or set convert: true")
    if shorter_side:
        target = _scaled(opened.size, shorter_side, where)
        box = _middle(target, size, where)
    elif (opened.height, opened.width) != tuple(size):
        what = f"is {opened.height}x{opened.width} pixels, not {size[0]}x{size[1]}"
        raise InputError(where, what, "scale it, or set shorter_side")
    with _refused(where):
        if opened.format == "PNG":
            Image.open(io.BytesIO(content)).verify()  # decoding does not check all checksums
        picture = opened.convert(mode)
        if shorter_side:
            picture = picture.resize(target, Image.Resampling.BILINEAR).crop(box)
    x = np.asarray(picture)
    return x[None] if mode == "L" else np.ascontiguousarray(x.transpose(2, 0, 1))


@contextlib.contextmanager
def _refused(where: str) -> Iterator[None]:
    """Turn all errors of Pillow into an InputError naming the picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about unknown tags and dropped transparency
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError as error:
        raise InputError(where, f"is no picture ({', '.join(FORMATS)})", AGAIN) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(where, f"is too large ({error})", "remove it, or scale it down") from error
    except Exception as error:  # Pillow's decoders raise many types
        raise InputError(where, f"cannot be decoded ({error})", AGAIN) from error


def _deep(picture: ImageFile.ImageFile) -> bool:
    """Whether a channel has more than eight bits.

    Pillow silently reduces colour pictures to eight bits; then only the raw mode of the decoder shows it, or for PPM
    the largest value.
    """
    if picture.mode not in EIGHT_BITS:
        return True
    told = [tile.args for tile in picture.tile]
    if picture.format == "PPM":
        return any(isinstance(args, tuple) and args[1] > 255 for args in told)
    return picture.format in ("PNG", "TIFF") and ";16" in repr(told)


def _scaled(size: tuple[int, int], shorter_side: int, where: str) -> tuple[int, int]:
    """Width and height after scaling."""
    width, height = size
    longer_side = int(shorter_side * max(size) / min(size))
    if shorter_side * longer_side > LARGEST:
        what = f"is {height}x{width} pixels, too narrow to be scaled to a shorter side of {shorter_side}"
        raise InputError(where, what, "remove it, or cut it")
    return (shorter_side, longer_side) if width <= height else (longer_side, shorter_side)


def _middle(scaled: tuple[int, int], size: Sequence[int], where: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the centre."""
    (width, height), (cut_height, cut_width) = scaled, size
    if cut_height > height or cut_width > width:
        what = f"is {height}x{width} pixels once scaled, too small to cut {cut_height}x{cut_width} out"
        raise InputError(where, what, "choose a larger shorter_side")
    top, left = round((height - cut_height) / 2), round((width - cut_width) / 2)
    return left, top, left + cut_width, top + cut_height
