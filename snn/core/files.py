"""Files as a whole: written atomically, to a temporary file which is then renamed; compared with recorded sums.

What arrays and rows look like in them is `stored`, which is part of the code of results; this module is not.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from snn.core.errors import InputError, remake

PROGRESS = ("resume.safetensors", "resume.previous.safetensors")  # of an unfinished training, not part of a result


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
    except OSError as error:
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
        raise InputError(path, f"cannot be made: {reason(error)}", _remedy(error)) from error


def remove(path: Path) -> None:
    """Remove a file if it exists; raises InputError naming it if that is not permitted."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(path, f"cannot be removed: {reason(error)}", _remedy(error)) from error


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """The object of a JSON file; raises InputError naming the file, with `remedy`."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({reason(error)})", remedy) from error
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


def md5(path: Path) -> str:
    """The md5 of a file, by which DVC names it; it proves nothing."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


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
        if not path.is_file():
            raise InputError(path, "is missing", remedy)
        if sha256(path) != recorded.get(name):
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
    return InputError(path, f"cannot be written: {reason(error)}", _remedy(error))


def reason(error: Exception) -> str:
    """An error of the file system in words."""
    return getattr(error, "strerror", None) or str(error)


def _remedy(error: Exception) -> str:
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return ("free some disk space" if full else "make the folder writable") + " and run the same command again"
