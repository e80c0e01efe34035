"""Read files in folders, zip and tar archives. Nothing is unpacked, so that no name in an archive becomes a path."""

import bz2
import errno
import gzip
import hashlib
import io
import lzma
import os
import re
import shutil
import struct
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from snn.core.errors import InputError

DAMAGED = (  # exceptions of the readers for bytes that are no archive
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, ValueError, LookupError, ArithmeticError, RuntimeError),
)
LARGEST = 1 << 30  # bytes of a file in an archive; no sample is that large
AGAIN = "download it again"
HIDDEN = re.compile(r"(^|/)(\.(?!\.?(/|$))|__MACOSX/)")
UNTRUSTED = "use an archive you trust"


class Members:
    """The regular files of a folder or archive, without hidden ones and those that macOS adds to archives.

    `names` are sorted posix paths without a leading "./".
    """

    def __init__(self, path: Path, stored: Iterable[str]):
        self.path = path
        self._stored: dict[str, str] = {}  # by name: the name as it is stored
        for as_stored in stored:
            pure = PurePosixPath(as_stored)
            name = pure.as_posix()
            if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name:
                raise InputError(path, f"holds a file named {as_stored!r}, which leads out of it", UNTRUSTED)
            if name in self._stored:
                raise InputError(path, f"holds {name} twice", AGAIN)
            self._stored[name] = as_stored
        self.names = sorted(name for name in self._stored if not HIDDEN.search(name))

    def read(self, name: str) -> bytes:
        """The content of a file; raises InputError naming archive and file if it is missing or damaged."""
        where = f"{self.path}/{name}"
        if name not in self._stored:
            raise InputError(where, "is missing", AGAIN)
        try:
            with self._open(self._stored[name]) as file:
                content = file.read(LARGEST + 1)
        except DAMAGED as error:
            raise InputError(where, f"cannot be read ({_reason(error)})", _remedy(error)) from error
        if len(content) > LARGEST:
            raise InputError(where, f"has more than {LARGEST} bytes", UNTRUSTED)
        return content

    def _open(self, stored: str) -> IO[bytes]:
        return (self.path / stored).open("rb")


class _Zip(Members):
    def __init__(self, path: Path):
        self.archive = zipfile.ZipFile(path)
        super().__init__(path, (info.filename for info in self.archive.infolist() if not info.is_dir()))

    def _open(self, stored: str) -> IO[bytes]:
        return self.archive.open(stored)


class _Tar(Members):
    """A compressed tar is first decompressed into a temporary file beside it, so that files are read in any order."""

    def __init__(self, path: Path):
        file: IO[bytes] = path.open("rb")
        weakref.finalize(self, file.close)
        if opener := COMPRESSED.get(path.suffix):
            folder = path.parent if _writable(path.parent) else None
            packed, file = file, tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as the archive
            weakref.finalize(self, file.close)
            with opener(packed) as content:
                shutil.copyfileobj(content, file, 1 << 20)
            file.seek(0)
        self.archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
        self.infos: dict[str, tarfile.TarInfo] = {}
        for info in self.archive:
            if info.type == b"V":  # the label of a volume
                continue
            if not (info.isreg() or info.isdir()):
                raise InputError(path, f"holds {info.name!r}, which is no plain file", UNTRUSTED)
            if info.isreg() and info.name in self.infos:
                raise InputError(path, f"holds {info.name} twice", AGAIN)
            if info.isreg():
                self.infos[info.name] = info
        file.seek(self.archive.offset)
        behind = iter(lambda: file.read(1 << 20), b"")
        if not file.read(1) == b"\0" or any(piece.strip(b"\0") for piece in behind):  # tarfile stops at damage
            raise InputError(path, f"is cut off or damaged behind {len(self.infos)} files", AGAIN)
        super().__init__(path, self.infos)

    def read(self, name: str) -> bytes:
        content = super().read(name)
        if len(content) != self.infos[self._stored[name]].size:
            raise InputError(f"{self.path}/{name}", "is cut off", AGAIN)
        return content

    def _open(self, stored: str) -> IO[bytes]:
        file = self.archive.extractfile(self.infos[stored])
        if file is None:
            raise ValueError("it is no plain file")
        return file


COMPRESSED: dict[str, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
KINDS: dict[str, Callable[[Path], Members]] = {".zip": _Zip, ".tar": _Tar, **dict.fromkeys(COMPRESSED, _Tar)}


def members(path: Path) -> Members:
    """Open a folder, .zip, .tar or compressed .tar.

    Raises InputError naming it if it is missing or damaged, or if a name in it is absolute, leads out of it, occurs
    twice or is a link.
    """
    try:
        if path.is_dir():
            return Members(path, _walk(path))
        if not path.exists():
            raise FileNotFoundError
        if path.suffix not in KINDS:
            raise InputError(path, "is neither a folder nor an archive", f"use one of {', '.join(KINDS)}")
        return KINDS[path.suffix](path)
    except FileNotFoundError as error:
        raise InputError(path, "is missing", "put it there, or see docs/data.md") from error
    except DAMAGED as error:
        what = "a folder" if path.is_dir() else "an archive"
        raise InputError(path, f"cannot be read as {what} ({_reason(error)})", _remedy(error)) from error


def _walk(path: Path) -> Iterator[str]:
    """The files below a folder, links included; links to a folder above are not followed.

    Raises InputError naming an entry that is neither file nor folder, such as a dangling link.
    """
    for folder, inner, names in os.walk(path, followlinks=True, onerror=_stop):
        here = os.path.realpath(folder)
        inner[:] = [name for name in inner if not f"{here}/".startswith(f"{os.path.realpath(f'{folder}/{name}')}/")]
        for name in names:
            found = Path(folder, name)
            relative = found.relative_to(path).as_posix()
            if not found.is_file() and not HIDDEN.search(relative):
                raise InputError(found, "is a dangling link or a special file", "restore it, or remove it")
            yield relative


def _stop(error: OSError) -> None:
    raise InputError(error.filename, f"cannot be read ({_reason(error)})", _remedy(error)) from error


def content_sha256(found: Members, names: Iterable[str]) -> str:
    """One checksum for many files: the sha256 of lines `sha256 name`, sorted by name."""
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(f"{hashlib.sha256(found.read(name)).hexdigest()} {name}\n".encode())
    return total.hexdigest()


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _remedy(error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOSPC | errno.EDQUOT:
            return "free some disk space and run the same command again"
        case errno.EACCES | errno.EPERM:
            return "make it readable"
    return AGAIN


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
