"""The idx format of the MNIST family: two zero bytes, type, number of axes, sizes of the axes, data."""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from snn.core.errors import InputError

TYPES = {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}
UINT8 = 8
LARGEST = 1 << 30  # bytes; the largest file of the family has 47 MB
PIECE = 1 << 20
AGAIN = "download it again"


def read(path: Path, axes: int) -> np.ndarray:
    """The uint8 array of a file, gzipped or not; raises InputError naming the file if it has not so many axes."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _array(file, path, axes)
    except FileNotFoundError as error:
        raise InputError(path, "is missing", "download it, or see docs/data.md") from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(path, f"cannot be read ({error})", AGAIN) from error


def _array(file: io.BufferedIOBase, path: Path, axes: int) -> np.ndarray:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise InputError(path, "is no idx file", AGAIN)
    kind, found = start[2:]
    if kind != UINT8 or found != axes:
        what = f"holds {TYPES.get(kind, f'type {kind}')} with {found} axes, not uint8 with {axes}"
        raise InputError(path, what, AGAIN)
    sizes = file.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise InputError(path, "is cut off in its header", AGAIN)
    shape = struct.unpack(f">{axes}I", sizes)
    content, most = bytearray(), min(math.prod(shape), LARGEST)  # a header may announce anything
    while len(content) <= most and (piece := file.read(PIECE)):
        content += piece
    try:
        return np.frombuffer(content, np.uint8).reshape(shape)
    except ValueError as error:
        holds = f"more than {most}" if len(content) > most else len(content)
        raise InputError(path, f"holds {holds} bytes, expected are {'x'.join(map(str, shape))}", AGAIN) from error
