"""Download the released files of a data set into data/raw and compare them with their checksums.

Sources, in this order: the mirror (a folder or a URL that holds NAME/FILE or FILE), then the URLs of the YAML file.

Partial downloads are kept in `.FILE.part` and resumed. A file gets its final name when its checksum agrees. This module
enters no digest: files are identified by their checksums.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.exceptions import TooManyRedirects
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from snn.config import File, params
from snn.core import files
from snn.core.errors import InputError
from snn.core.locks import locked

TRIES = 6
BACKOFF = 2.0  # seconds before the second try, doubled each time
LONGEST = 60.0  # seconds; no wait is longer
TIMEOUT = (15, 60)  # seconds to connect, and between bytes
SLOWEST = 1000.0  # bytes per second; a server that sends less for `PATIENCE` is asked again
PATIENCE = 60.0  # seconds
PIECE = 1 << 16  # bytes; a broken connection loses at most one piece
LARGEST = 32 << 30  # bytes of a body whose length the server does not announce
REMOTE = re.compile(r"https?://")
HEADERS = {"User-Agent": "spikeledger", "Accept-Encoding": "identity"}  # a Range counts bytes as they are stored
FETCH_AGAIN = "remove it and download it again; of files packed again: docs/how-to/own-data.md"


class SourceError(Exception):
    """A source cannot give the file; the next one is tried."""


class Interrupted(SourceError):
    """The same source may give the file later; `wait`: seconds that the server asks for."""

    def __init__(self, why: str, wait: float | None = None):
        super().__init__(why)
        self.wait = wait


def run(name: str, only: str | None = None, mirror: str | None = None, offline: bool = False) -> None:
    """Download all files of a data set, or the file `only`, to data/raw; raises InputError if one is not available."""
    dataset = params.load("datasets", name)
    known = [file.name for file in dataset.files]
    if only is not None and only not in known:
        choice = f"choose one of {', '.join(known)}" if known else "it has no files to download, see docs/data.md"
        raise InputError(f"data set {name}", f"has no file {only}", choice)
    if mirror and "://" in mirror and not _is_address(mirror):
        raise InputError("--mirror", f"{_shown(mirror)} is no http address", "give a folder or an http(s) address")
    if not known:
        print(f"data set {name} has no files to download; put them into data/raw/{dataset.raw}, see docs/data.md")
    for file in dataset.files:
        if only in (None, file.name):
            fetch(file, Path("data/raw", dataset.raw, file.name), mirror, offline)


def fetch(file: File, target: Path, mirror: str | None = None, offline: bool = False) -> None:
    """Download one file to `target`. A file that is there and has the right checksum is left alone.

    Raises InputError that names every source with the reason why it failed, and the checksum of the file.
    """
    files.make_folder(target.parent)
    with locked(target.with_name(f".{target.name}.lock")):  # a second process waits, and then finds the file
        if target.exists():
            verify(file, target)
            print(f"{target} is there")
            return
        failures = []
        for source in _sources(file, target, mirror, offline):
            try:
                _fetch_from(source, file, target)
            except SourceError as error:
                failures.append(f"{_shown(source)}: {error}")
                continue
            print(f"{target} from {_shown(source)}", flush=True)
            return
    reasons = ("offline, and " if offline else "") + ("; ".join(failures) or "no source is known")
    by_hand = f" from {' or '.join(file.urls)}" if file.urls else ""
    remedy = f"download it{by_hand}, {_name_of_sum(file)}, and put it there, or name its place with MIRROR= or --mirror"
    raise InputError(target, f"is not available ({reasons})", remedy)


def verify(file: File, path: Path) -> None:
    """Compare a file with its published checksum; raises InputError with the expected and the found one."""
    if path.is_dir():
        raise InputError(path, "is a folder, expected is a file", "move it elsewhere")
    if not path.is_file():
        raise InputError(path, "is missing", "run python -m snn download, or put it there")
    if not path.stat().st_size:
        raise InputError(path, "is empty", FETCH_AGAIN)
    expected, found = _expected(file), _sum(file, path)
    if found != expected:
        raise InputError(path, f"{_name_of_sum(file)} is expected, found is {found}", FETCH_AGAIN)


def _sources(file: File, target: Path, mirror: str | None, offline: bool) -> Iterator[str]:
    if mirror:
        base = mirror.rstrip("/")
        if not (offline and REMOTE.match(base)):
            yield from (f"{base}/{target.parent.name}/{file.name}", f"{base}/{file.name}")
    if not offline:
        yield from file.urls


def _fetch_from(source: str, file: File, target: Path) -> None:
    """Raises SourceError when the source has no such file, or one with another checksum."""
    remote = REMOTE.match(source)
    part = target.with_name(f".{target.name}.{'part' if remote else 'copy'}")  # a wrong copy must not cost a download
    resumed = part.exists()
    if remote:
        _download(source, part, target.name)
    else:
        _copy(Path(source).expanduser(), part)
    found = _sum(file, part)
    if found == _expected(file):
        return files.move(part, target)
    files.remove(part)
    if resumed and remote:  # the partial file may have been of another release
        return _fetch_from(source, file, target)
    raise SourceError(f"{_name_of_sum(file)} is expected, found is {found}")


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        raise SourceError("is no file")
    try:
        shutil.copyfile(source, part)
    except OSError as error:
        files.remove(part)
        raise files.refusal(part, error) from error


def _download(url: str, part: Path, name: str) -> None:
    """Complete `part`, in several tries."""
    for attempt in range(1, TRIES + 1):
        try:
            _stream(url, part, name)
            return
        except Interrupted as error:
            if attempt == TRIES:
                raise
            wait = min(LONGEST, BACKOFF * 2 ** (attempt - 1) if error.wait is None else error.wait)
            print(f"{_shown(url)}: {error}; trying again in {wait:.0f} s", flush=True)
            time.sleep(wait)


def _stream(url: str, part: Path, name: str) -> None:
    """Append to `part` what follows its end. If the server cannot resume, the file is read from its beginning."""
    size = part.stat().st_size if part.exists() else 0
    headers = {**HEADERS, "Range": f"bytes={size}-"} if size else HEADERS
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            start = _start(response, size, part)
            if start is None:
                return
            length = _number(response, "Content-Length")
            total = None if length is None else start + length
            _check_space(part, length)
            _write(response, part, start, total, name)
    except (TooManyRedirects, ValueError) as error:  # of an address: InvalidURL, InvalidSchema, LocationParseError
        raise SourceError(f"redirects to no file ({type(error).__name__})") from error
    except (requests.RequestException, HTTPError) as error:
        raise Interrupted(type(error).__name__) from error
    if total is not None and part.stat().st_size != total:
        raise Interrupted(f"broke off after {part.stat().st_size} of {total} bytes")


def _start(response: requests.Response, size: int, part: Path) -> int | None:
    """Position in the file at which the body begins; None if the `size` bytes of `part` are the whole file."""
    status = response.status_code
    if status == 416:
        whole = re.fullmatch(r"bytes \*/([0-9]{1,18})", response.headers.get("Content-Range", ""))
        if whole and int(whole[1]) == size:
            return None
        files.remove(part)
        raise Interrupted("cannot resume the download", wait=0.0)
    if status == 429 or status >= 500:
        raise Interrupted(f"answers {status}", _number(response, "Retry-After"))
    if status not in (200, 206):
        raise SourceError(f"answers {status}")
    if status == 200:
        return 0
    sent = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    if not sent or int(sent[1]) != size:
        files.remove(part)
        raise Interrupted("sends another range than requested", wait=0.0)
    return size


def _number(response: requests.Response, header: str) -> int | None:
    text = response.headers.get(header, "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _check_space(part: Path, needed: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed and needed > free:
        what = f"needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free"
        raise InputError(part.parent, what, "free some disk space and run the same command again")


def _write(response: requests.Response, part: Path, start: int, total: int | None, name: str) -> None:
    """Append the body as it was sent, not decompressed, with a progress bar on a terminal and lines elsewhere.

    Raises SourceError and removes `part` when there is more than the server announced, and Interrupted when it drips.
    """
    most = LARGEST if total is None else total
    try:
        with (
            part.open("r+b" if start else "wb") as out,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=name, disable=None) as bar,
        ):
            out.truncate(start)
            out.seek(start)
            tenth = 10 * start // total if total else 0
            began, before = time.monotonic(), start
            while piece := response.raw.read1(PIECE, decode_content=False):  # what has arrived, however little
                if out.tell() + len(piece) > most:
                    files.remove(part)
                    raise SourceError(f"sends more than {most} bytes")
                out.write(piece)
                bar.update(len(piece))
                if bar.disable and total and 10 * out.tell() // total > tenth:
                    tenth = 10 * out.tell() // total
                    print(f"{name}: {10 * tenth} % of {total / 1e6:.1f} MB", flush=True)
                if (seconds := time.monotonic() - began) > PATIENCE:
                    if out.tell() - before < SLOWEST * seconds:
                        raise Interrupted(f"sends less than {SLOWEST:.0f} bytes a second")
                    began, before = time.monotonic(), out.tell()
    except OSError as error:
        raise files.refusal(part, error) from error


def _sum(file: File, path: Path) -> str | None:
    if _expected(file) is None:
        return None
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256" if file.sha256 else "md5").hexdigest()
    except OSError as error:
        raise InputError(
            path, f"cannot be read ({error.strerror})", "make it readable, or download it again"
        ) from error


def _expected(file: File) -> str | None:
    return file.sha256 or file.md5


def _name_of_sum(file: File) -> str:
    return f"{'sha256' if file.sha256 else 'md5'} {_expected(file)}" if _expected(file) else "any checksum"


def _is_address(source: str) -> bool:
    try:
        return bool(REMOTE.match(source)) and urlsplit(source).port != 0
    except ValueError:
        return False


def _shown(source: str) -> str:
    """A source without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(source)
    except ValueError:
        return "an address that cannot be read"
    if parts.scheme not in ("http", "https"):
        return source
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
