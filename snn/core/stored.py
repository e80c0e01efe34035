"""Arrays and rows as files hold them: safetensors with one JSON document, and CSV. `files` writes them atomically."""

import csv
import io
import json
import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from snn.core import files
from snn.core.errors import InputError

METADATA_KEY = "spikeledger"  # one key only: safetensors does not fix the order of several
SAFETENSORS_NAMES = {"uint8": "U8", "int64": "I64"}
ROOM_FOR_MORE = 4096  # bytes by which the metadata of a stream may grow while it is written


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: object, previous: Path | None = None
) -> Path:
    """Write arrays and a JSON document as safetensors. Equal input gives equal bytes. `previous`: see `write`."""
    header = {METADATA_KEY: json.dumps(metadata)}
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}

    def content(temporary: Path) -> None:
        try:
            save_file(arrays, temporary, header)
        except SafetensorError as error:
            raise OSError(str(error)) from error

    return files.write(path, content, previous)


class Stream(NamedTuple):
    """An array to be written piece by piece along its first axis."""

    dtype: Literal["uint8", "int64"]
    shape: tuple[int, ...]
    pieces: Iterable[np.ndarray]


def stream_tensors(path: Path, tensors: Mapping[str, Stream], metadata: Callable[[], object]) -> Path:
    """Write a file like `write_tensors`, of arrays that need not fit in memory, in the given order.

    Put wider types first, or readers cannot map those behind. `metadata` is called before the first piece, to reserve
    room for the header, and after the last one; the second result is written.
    """
    header: dict[str, object] = {}
    end = 0
    for name, (dtype, shape, _) in tensors.items():
        begin, end = end, end + math.prod(shape) * np.dtype(dtype).itemsize
        header[name] = {"dtype": SAFETENSORS_NAMES[dtype], "shape": shape, "data_offsets": [begin, end]}
    room = 0

    def head() -> bytes:
        document = json.dumps({"__metadata__": {METADATA_KEY: json.dumps(metadata())}, **header})
        return struct.pack("<Q", room) + document.encode().ljust(room) if room else document.encode()

    room = -(-(len(head()) + ROOM_FOR_MORE) // 8) * 8

    def content(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.write(head())
            for name, (dtype, shape, pieces) in tensors.items():
                begin = file.tell()
                for piece in pieces:
                    file.write(np.ascontiguousarray(piece, dtype).data)
                if file.tell() - begin != math.prod(shape) * np.dtype(dtype).itemsize:
                    raise ValueError(f"{name} is declared as {shape}, its pieces have another size")
            finished = head()
            if len(finished) != 8 + room:
                raise ValueError(f"metadata grew by more than {ROOM_FOR_MORE} bytes")
            file.seek(0)
            file.write(finished)

    return files.write(path, content)


@overload
def read_tensors(path: Path, remedy: str) -> tuple[dict[str, np.ndarray], Any]: ...
@overload
def read_tensors(path: Path, remedy: str, framework: Literal["numpy", "pt"]) -> tuple[dict[str, Any], Any]: ...
def read_tensors(path: Path, remedy: str, framework: Literal["numpy", "pt"] = "numpy") -> tuple[dict[str, Any], Any]:
    """The arrays and the JSON document of a file written by `write_tensors` or `stream_tensors`.

    With framework "pt", tensors of torch that are mapped into memory: a page is read on its first use. Raises
    InputError naming the file, with `remedy`, if it is missing, truncated or of another format.
    """
    try:
        with safe_open(path, framework=framework) as file:
            metadata = json.loads((file.metadata() or {})[METADATA_KEY])
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118 - not a mapping
    except FileNotFoundError as error:
        raise InputError(path, "is missing", remedy) from error
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise InputError(path, f"cannot be read as a spikeledger safetensors file ({error})", remedy) from error


def write_csv(path: Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()) -> Path:
    """Write rows with these columns, or those of the first row. Floats get the shortest form that reads back exactly,
    None becomes an empty field.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return files.write(path, text.getvalue())


def read_csv(path: Path, remedy: str) -> list[dict[str, str]]:
    """The rows of a CSV file as text; raises InputError naming the file, with `remedy`."""
    try:
        with path.open(newline="") as file:
            return list(csv.DictReader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({files.reason(error)})", remedy) from error
