"""The idx format of the MNIST family: two zero bytes, a type, the number of axes, their sizes, then the bytes."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from snn.errors import InputError

UNSIGNED_BYTES = 8
AGAIN = "fetch it anew"


def read(path: Path, axes: int) -> np.ndarray:
    """The uint8 array of a file, gzipped or not, which must have so many axes; raises InputError naming the file."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise InputError(path, "is missing", "fetch it, or see docs/data.md") from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(path, f"cannot be read ({error})", AGAIN) from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise InputError(path, "is no idx file", AGAIN)
    kind, found = content[2], content[3]
    if kind != UNSIGNED_BYTES or found != axes:
        what = f"holds type {kind} with {found} axes, not unsigned bytes (type {UNSIGNED_BYTES}) with {axes}"
        raise InputError(path, what, AGAIN)
    begin = 4 + 4 * axes
    if len(content) < begin:
        raise InputError(path, "is cut off in its header", AGAIN)
    shape = struct.unpack(f">{axes}I", content[4:begin])
    if len(content) - begin != math.prod(shape):
        what = f"holds {len(content) - begin} bytes, its header says {'x'.join(map(str, shape))}"
        raise InputError(path, what, AGAIN)
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)
