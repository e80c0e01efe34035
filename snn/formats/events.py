"""Recordings of event cameras: (time, column, row, polarity) from the bytes of a file.

Time is in microseconds and never runs backwards; polarity 1 is brighter. Every reader raises InputError naming the file
and, where there is one, the event.
"""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from snn.errors import InputError

AGAIN = "fetch it anew, or remove it"
OVERFLOW_ROW, OVERFLOW = 240, 1 << 13  # ATIS: an event in this row says that time has overflown by so many microseconds


class Events(NamedTuple):
    """One recording: int64 arrays of the same length."""

    t_E: np.ndarray
    x_E: np.ndarray
    y_E: np.ndarray
    p_E: np.ndarray


def atis(content: bytes, where: str, sensor: Sequence[int]) -> Events:
    """N-MNIST: five bytes an event, x, y, polarity and the high 7 bits of the time, then its two lower bytes.

    Source: Orchard et al., Converting static image datasets to spiking neuromorphic datasets using saccades, Front.
    Neurosci. 2015, and the reader the authors released, overflows of time included.
    """
    if len(content) % 5:
        raise InputError(where, f"has {len(content)} bytes, no events of 5", AGAIN)
    bytes_E5 = np.frombuffer(content, np.uint8).reshape(-1, 5).astype(np.int64)
    x_E, y_E, high_E, middle_E, low_E = bytes_E5.T
    t_E = ((high_E & 127) << 16) + (middle_E << 8) + low_E
    overflown_E = y_E == OVERFLOW_ROW
    t_E = t_E + OVERFLOW * np.cumsum(overflown_E)
    kept_E = ~overflown_E
    return _checked(Events(t_E[kept_E], x_E[kept_E], y_E[kept_E], high_E[kept_E] >> 7), where, sensor)


def aedat2(content: bytes, where: str, sensor: Sequence[int]) -> Events:
    """DVS-CIFAR10: AEDAT 2.0 of a DVS128, lines of text that begin with #, then big-endian address and time, four bytes
    each.

    Bit 0 of the address is 0 for brighter, bits 1 to 7 the column, from the right, bits 8 to 14 the row, from below;
    rows are kept so. Events of bit 15 come from outside of the chip and are left out. Source: jAER's reader of the
    DVS128.
    """
    begin = 0
    while content[begin : begin + 1] == b"#":
        end = content.find(b"\n", begin)
        if end < 0:
            raise InputError(where, "has a header that does not end", AGAIN)
        begin = end + 1
    if not content.startswith(b"#!AER-DAT2.0"):
        raise InputError(where, "is no AEDAT 2.0 file", AGAIN)
    if (len(content) - begin) % 8:
        raise InputError(where, f"has {len(content) - begin} bytes behind its header, no events of 8", AGAIN)
    address_E, t_E = np.frombuffer(content, ">u4", offset=begin).reshape(-1, 2).astype(np.int64).T
    own_E = address_E >> 15 == 0
    address_E, t_E = address_E[own_E], t_E[own_E]
    x_E, y_E = 127 - (address_E >> 1 & 127), address_E >> 8 & 127
    return _checked(Events(t_E, x_E, y_E, 1 - (address_E & 1)), where, sensor)


def npy(content: bytes, where: str, sensor: Sequence[int], columns: Sequence[str] = "xypt", unit: int = 1) -> Events:
    """A numpy array: a structured one with fields x, y, t and p, or (E, 4) whose columns are in the order of `columns`.

    `unit`: microseconds in one unit of its time; DVS128 Gesture as tonic serves it has 1000.
    """
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # whatever numpy says of bytes that are no array
        raise InputError(where, f"cannot be read as an array ({error})", AGAIN) from error
    if not isinstance(array, np.ndarray):
        raise InputError(where, "is no single array", "store one recording a file")
    names = array.dtype.names or ()
    if set("xytp") <= set(names) and array.ndim == 1:
        fields = {name: array[name] for name in "xytp"}
    elif not names and array.ndim == 2 and array.shape[1] == 4:
        fields = dict(zip(columns, array.T, strict=True))
    else:
        raise InputError(where, f"is {array.dtype} {array.shape}, neither x, y, t, p nor (events, 4)", "store it so")
    whole = {name: _whole(values, f"{where}: {name}") for name, values in fields.items()}
    return _checked(Events(whole["t"] * unit, whole["x"], whole["y"], whole["p"]), where, sensor)


def _whole(values: np.ndarray, where: str) -> np.ndarray:
    if values.dtype.kind not in "biuf" or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        raise InputError(where, f"holds {values.dtype}, no whole numbers", "store it as integers")
    if values.size and not (values.min() >= -(2**53) and values.max() <= 2**53):
        raise InputError(where, "holds numbers beyond 2^53", "store it in microseconds and pixels")
    whole = values.astype(np.int64)
    if (whole != values).any():
        raise InputError(where, "holds fractions", "store it in microseconds and pixels")
    return whole


def _checked(events: Events, where: str, sensor: Sequence[int]) -> Events:
    height, width = sensor
    if not len(events.t_E):
        raise InputError(where, "holds no event", AGAIN)
    for name, values, size in (("column", events.x_E, width), ("row", events.y_E, height), ("polarity", events.p_E, 2)):
        outside = (values < 0) | (values >= size)
        if outside.any():
            i = int(outside.argmax())
            raise InputError(where, f"event {i} has {name} {values[i]}, not 0 to {size - 1}", AGAIN)
    backwards = np.diff(events.t_E) < 0
    if backwards.any():
        i = int(backwards.argmax()) + 1
        raise InputError(where, f"event {i} is earlier than the one before it", "sort it by time, or fetch it anew")
    return events


READERS: dict[str, Callable[..., Events]] = {"atis": atis, "aedat2": aedat2, "npy": npy}
SUFFIXES = {"atis": (".bin",), "aedat2": (".aedat",), "npy": (".npy",)}
