"""Every byte the project writes goes through `write`: a temporary name first, then a rename, or nothing at all."""

import contextlib
import csv
import errno
import hashlib
import io
import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from snn.core.errors import InputError, remake

PROGRESS = ("resume.safetensors", "resume.previous.safetensors")  # of an unfinished training; no part of a result
METADATA_KEY = "spikeledger"  # one key only: safetensors does not fix the order of several
SAFETENSORS_NAMES = {"uint8": "U8", "int64": "I64"}
ROOM_FOR_MORE = 4096  # bytes by which the document of a stream may grow while it is written


def write(path: Path, content: str | bytes | Callable[[Path], None], previous: Path | None = None) -> Path:
    """Give `path` its content atomically; `content` may be a function that writes the file it is handed.

    With `previous`, a file that is there goes to that name once the new one is complete; then the new one takes its
    place. A kill between the two leaves `previous`.

    Raises InputError naming `path` when the disk is full or the folder cannot be written; no part of it remains.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(temporary)
        else:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.chmod(0o644)  # safetensors writes files that only their owner can read
        if previous and path.exists():
            path.replace(previous)
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise refusal(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def move(source: Path, target: Path) -> None:
    """Rename a finished file into place; raises InputError naming the target."""
    try:
        source.replace(target)
    except OSError as error:
        raise refusal(target, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it; raises InputError naming it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(path, f"cannot be made: {_reason(error)}", _remedy(error)) from error


def remove(path: Path) -> None:
    """Remove a file if it is there; raises InputError naming it when that is not allowed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(path, f"cannot be removed: {_reason(error)}", _remedy(error)) from error


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: object, previous: Path | None = None
) -> Path:
    """Write arrays and one JSON document as safetensors: no pickle, memory-mapped on reading, same bytes every time.

    `previous` as in `write`.
    """
    header = {METADATA_KEY: json.dumps(metadata)}
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}
    return write(path, lambda temporary: save_file(arrays, temporary, header), previous)


class Stream(NamedTuple):
    """An array that is written piece by piece, along its first axis."""

    dtype: Literal["uint8", "int64"]
    shape: tuple[int, ...]
    pieces: Iterable[np.ndarray]


def stream_tensors(path: Path, tensors: Mapping[str, Stream], metadata: Callable[[], object]) -> Path:
    """Write what `write_tensors` writes of arrays that need not fit in memory, in the order in which they are named.

    Wider types first, or readers cannot map those behind. `metadata` is asked before the pieces are and after them; the
    second document, which may know more, is the one that stays.
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
                    raise ValueError(f"{name} was declared as {shape}, its pieces are of another size")
            finished = head()
            if len(finished) != 8 + room:
                raise ValueError(f"metadata grew by more than {ROOM_FOR_MORE} bytes")
            file.seek(0)
            file.write(finished)

    return write(path, content)


@overload
def read_tensors(path: Path, remedy: str) -> tuple[dict[str, np.ndarray], Any]: ...
@overload
def read_tensors(path: Path, remedy: str, framework: Literal["numpy", "pt"]) -> tuple[dict[str, Any], Any]: ...
def read_tensors(path: Path, remedy: str, framework: Literal["numpy", "pt"] = "numpy") -> tuple[dict[str, Any], Any]:
    """The arrays and the JSON document of a file written by `write_tensors` or `stream_tensors`; with framework "pt",
    tensors that are mapped into memory, whose pages are read when they are touched.

    Raises InputError naming the file, with `remedy`, when it is missing, truncated or of another make.
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
    """Write rows with these columns, or those of the first row; floats in the shortest form that reads back, None as
    nothing.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write(path, text.getvalue())


def read_csv(path: Path, remedy: str) -> list[dict[str, str]]:
    """The rows of a CSV file as text; raises InputError naming the file, with `remedy`."""
    try:
        with path.open(newline="") as file:
            return list(csv.DictReader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({_reason(error)})", remedy) from error


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """The object of a JSON file; raises InputError naming the file, with `remedy`."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({_reason(error)})", remedy) from error
    if not isinstance(document, dict):
        raise InputError(path, "holds no JSON object", remedy)
    return document


def write_json(path: Path, document: object) -> Path:
    """Write a JSON document with sorted keys, one line a leaf, so that differences read well."""
    return write(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def sha256(path: Path) -> str:
    """The sha256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> None:
    """Compare every file of a result with its recorded sha256.

    Raises InputError naming the first that differs, is gone, or was never recorded.
    """
    remedy = remake(folder)
    recorded, kept = read_json(folder / "sha256.json", remedy), kept_in(folder)
    for name in sorted(kept - {"sha256.json", *PROGRESS} | recorded.keys()):
        expected = recorded.get(name, "nothing")
        found = sha256(folder / name) if name in kept else "no file"
        if found != expected:
            raise InputError(folder / name, f"sha256 is {found}, recorded was {expected}", remedy)


def verify_stamp(stamp: Path, names: Iterable[str], remedy: str) -> None:
    """Compare files with the sha256 that a stamp beside them records: those of these names, and all that it records.

    Raises InputError naming the first that is not the file that was made, is gone, or was never recorded.
    """
    recorded = read_json(stamp, remedy)
    for name in sorted({*names, *recorded}):
        path = stamp.with_name(name)
        if not path.is_file() or sha256(path) != recorded.get(name):
            raise InputError(path, "is not the file that was made", remedy)


def kept_in(folder: Path) -> set[str]:
    """The names of the files that lie in a folder, less hidden ones."""
    return {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}


def recorded(path: Path) -> str:
    """The sha256 of one file of a result; raises InputError unless it is the one that was recorded."""
    remedy = remake(path.parent)
    expected = read_json(path.parent / "sha256.json", remedy).get(path.name, "nothing")
    if not path.is_file():
        raise InputError(path, "is missing", remedy)
    if (found := sha256(path)) != expected:
        raise InputError(path, f"sha256 is {found}, recorded was {expected}", remedy)
    return found


def refusal(path: Path, error: Exception) -> InputError:
    """What to raise when `path` cannot be written."""
    return InputError(path, f"cannot be written: {_reason(error)}", _remedy(error))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _remedy(error: Exception) -> str:
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return ("free some disk space" if full else "make the folder writable") + " and run the same command again"
