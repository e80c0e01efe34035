"""Recordings of event cameras: (time, column, row, polarity) from the bytes of a file.

Time is in microseconds and never decreases; polarity 1 is brighter. Every reader raises InputError naming the file and,
if a single event is wrong, its number.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from snn.core.errors import InputError
from snn.data.formats.archives import LARGEST

AGAIN = "download it again, or remove it"
OVERFLOW_ROW, OVERFLOW = 240, 1 << 13  # ATIS: an event in this row means that time overflowed by so many microseconds
LATEST = 1 << 53  # microseconds; floating point is exact up to here
LONGEST = 1 << 40  # microseconds, twelve days; a longer recording has a wrong unit or a flipped bit


class Events(NamedTuple):
    """One recording: int64 arrays of the same length."""

    t_E: np.ndarray
    x_E: np.ndarray
    y_E: np.ndarray
    p_E: np.ndarray


def atis(content: bytes, where: str, sensor: Sequence[int]) -> Events:
    """N-MNIST: five bytes per event: x, y, polarity with the high 7 bits of the time, then its two lower bytes.

    Source: Orchard et al., Converting static image datasets to spiking neuromorphic datasets using saccades, Front.
    Neurosci. 2015, and the reader that the authors released, with its overflow of time.
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
    """A recording of a DVS128 in AEDAT 2.0: header lines that begin with #, then address and time, big-endian, four
    bytes each.

    Address: bit 0 is 0 for brighter, bits 1 to 7 are the column from the right, bits 8 to 14 the row from below. Here
    both count from the upper left, as jAER shows them. Events with bit 15 come from outside of the chip and are left
    out. Source: jAER's reader of the DVS128. In tonic x is 127 - y of this, y is 127 - x, p is 1 - p.
    """
    begin = 0
    while content[begin : begin + 1] == b"#":
        end = content.find(b"\n", begin)
        if end < 0:
            raise InputError(where, "has a header without an end", AGAIN)
        begin = end + 1
    if not content.startswith(b"#!AER-DAT2.0"):
        raise InputError(where, "is no AEDAT 2.0 file", AGAIN)
    if (len(content) - begin) % 8:
        raise InputError(where, f"has {len(content) - begin} bytes behind its header, no events of 8", AGAIN)
    address_E, t_E = np.frombuffer(content, ">u4", offset=begin).reshape(-1, 2).astype(np.int64).T
    foreign_E = address_E >> 16 != 0
    if foreign_E.any():
        i = int(foreign_E.argmax())
        raise InputError(where, f"event {i} has address {address_E[i]}, which no DVS128 sends", "store it as .npy")
    own_E = address_E >> 15 == 0
    address_E, t_E = address_E[own_E], t_E[own_E]
    x_E, y_E = 127 - (address_E >> 1 & 127), 127 - (address_E >> 8 & 127)
    return _checked(Events(t_E, x_E, y_E, 1 - (address_E & 1)), where, sensor)


def npy(content: bytes, where: str, sensor: Sequence[int], columns: Sequence[str] = "xypt", unit: int = 1) -> Events:
    """Arrays of numpy: an .npz with x, y, t and p, as SpikingJelly writes it; a structured array with these fields; or
    an array (E, 4) with columns in the order of `columns`. Nothing is unpickled.

    `unit`: microseconds per unit of time; 1000 in DVS128 Gesture as tonic serves it.
    """
    fields = {name: _whole(array, f"{where}: {name}") for name, array in _loaded(content, where, columns).items()}
    if len({len(values) for values in fields.values()}) > 1:
        lengths = ", ".join(f"{len(values)} {name}" for name, values in sorted(fields.items()))
        raise InputError(where, f"holds {lengths}", "store as many of each")
    t_E = fields["t"]
    if len(t_E) and unit * max(-int(t_E.min()), int(t_E.max())) > LATEST:
        raise InputError(f"{where}: t", f"holds times beyond 2^53 microseconds, at {unit} a unit", "correct the unit")
    return _checked(Events(t_E * unit, fields["x"], fields["y"], fields["p"]), where, sensor)


def _loaded(content: bytes, where: str, columns: Sequence[str]) -> Mapping[str, np.ndarray]:
    """The arrays x, y, t and p as stored."""
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(found, np.ndarray):
            with found:
                if sum(info.file_size for info in found.zip.infolist()) > LARGEST:
                    raise ValueError(f"it unpacks to more than {LARGEST} bytes")
                return {name: np.asarray(found[name]) for name in "xytp"}
    except Exception as error:  # numpy raises many types for bytes that are no array
        raise InputError(where, f"cannot be read as arrays x, y, t, p ({error})", AGAIN) from error
    names = set(found.dtype.names or ())
    if names >= set("xytp") and found.ndim == 1:
        return {name: found[name] for name in "xytp"}
    if not names and found.ndim == 2 and found.shape[1] == 4:
        return dict(zip(columns, found.T, strict=True))
    raise InputError(where, f"is {found.dtype} {found.shape}, neither x, y, t, p nor (events, 4)", "store it so")


def _whole(values: np.ndarray, where: str) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "biuf":
        raise InputError(where, f"is {values.dtype} with {values.ndim} axes, not numbers (E,)", "store it as integers")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(where, "holds numbers that are not finite", "store it as integers")
    if values.size and not -LATEST <= values.min().item() <= values.max().item() <= LATEST:
        raise InputError(where, "holds numbers beyond 2^53", "store it in microseconds and pixels")
    whole = values.astype(np.int64)
    if values.dtype.kind == "f" and (whole != values).any():
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
        raise InputError(where, f"event {i} is earlier than the one before it", "sort it by time, or download it again")
    if (lasts := int(events.t_E[-1] - events.t_E[0])) > LONGEST:
        raise InputError(where, f"lasts {lasts} microseconds, more than twelve days", "correct the unit of time")
    return events


READERS: dict[str, Callable[..., Events]] = {"atis": atis, "aedat2": aedat2, "npy": npy}
SUFFIXES = {"atis": (".bin",), "aedat2": (".aedat",), "npy": (".npy", ".npz")}
