"""Read and write files. Everything is written atomically: to a temporary file, which is then renamed."""

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

PROGRESS = ("resume.safetensors", "resume.previous.safetensors")  # of an unfinished training, not part of a result
METADATA_KEY = "spikeledger"  # one key only: safetensors does not fix the order of several
SAFETENSORS_NAMES = {"uint8": "U8", "int64": "I64"}
ROOM_FOR_MORE = 4096  # bytes by which the metadata of a stream may grow while it is written


def write(path: Path, content: str | bytes | Callable[[Path], None], previous: Path | None = None) -> Path:
    """Write a file atomically. `content` may be a function that writes the path it is given.

    With `previous`, an existing file is renamed to that name once the new one is complete. If the process is killed
    between the two renames, `previous` exists and `path` does not.

    Raises InputError naming `path` if the disk is full or the folder cannot be written; then nothing is left behind.
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
    """Rename a finished file to its final name; raises InputError naming the target."""
    try:
        source.replace(target)
    except OSError as error:
        raise refusal(target, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents; raises InputError naming it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(path, f"cannot be made: {_reason(error)}", _remedy(error)) from error


def remove(path: Path) -> None:
    """Remove a file if it exists; raises InputError naming it if that is not permitted."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(path, f"cannot be removed: {_reason(error)}", _remedy(error)) from error


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: object, previous: Path | None = None
) -> Path:
    """Write arrays and a JSON document as safetensors. Equal input gives equal bytes. `previous`: see `write`."""
    header = {METADATA_KEY: json.dumps(metadata)}
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}
    return write(path, lambda temporary: save_file(arrays, temporary, header), previous)


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

    return write(path, content)


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
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({_reason(error)})", remedy) from error
    if not isinstance(document, dict):
        raise InputError(path, "holds no JSON object", remedy)
    return document


def write_json(path: Path, document: object) -> Path:
    """Write a JSON document with sorted keys, one value per line, so that diffs are readable."""
    return write(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def sha256(path: Path) -> str:
    """The sha256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> None:
    """Compare every file of a result with its recorded sha256.

    Raises InputError naming the first file that differs, is missing or is not recorded.
    """
    remedy = remake(folder)
    recorded, kept = read_json(folder / "sha256.json", remedy), kept_in(folder)
    for name in sorted(kept - {"sha256.json", *PROGRESS} | recorded.keys()):
        expected = recorded.get(name, "nothing")
        found = sha256(folder / name) if name in kept else "no file"
        if found != expected:
            raise InputError(folder / name, f"sha256 is {found}, recorded is {expected}", remedy)


def verify_stamp(stamp: Path, names: Iterable[str], remedy: str) -> None:
    """Compare the files `names`, and all others that a stamp beside them records, with the recorded sha256.

    Raises InputError naming the first file that differs, is missing or is not recorded.
    """
    recorded = read_json(stamp, remedy)
    for name in sorted({*names, *recorded}):
        path = stamp.with_name(name)
        if not path.is_file() or sha256(path) != recorded.get(name):
            raise InputError(path, "is not the file that was made", remedy)


def kept_in(folder: Path) -> set[str]:
    """Names of the files in a folder, without hidden ones."""
    return {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}


def recorded(path: Path) -> str:
    """The sha256 of one file of a result; raises InputError if it is not the recorded one."""
    remedy = remake(path.parent)
    expected = read_json(path.parent / "sha256.json", remedy).get(path.name, "nothing")
    if not path.is_file():
        raise InputError(path, "is missing", remedy)
    if (found := sha256(path)) != expected:
        raise InputError(path, f"sha256 is {found}, recorded is {expected}", remedy)
    return found


def refusal(path: Path, error: Exception) -> InputError:
    """The InputError for a `path` that cannot be written."""
    return InputError(path, f"cannot be written: {_reason(error)}", _remedy(error))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _remedy(error: Exception) -> str:
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return ("free some disk space" if full else "make the folder writable") + " and run the same command again"
