"""Released files of a data set, brought into data/raw and proven by their checksum.

    sources, in order: the mirror (a folder or a URL, which holds NAME/FILE or FILE), then the URLs of the YAML file

What has arrived of a file lies in `.FILE.part` and is gone on with; the final name appears when the checksum agrees. It
enters no digest: bytes are what their checksum says.
"""

import contextlib
import fcntl
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from tqdm import tqdm

from snn.config import File, params
from snn.core import files
from snn.core.errors import InputError

TRIES = 6
BACKOFF = 2.0  # seconds before the second try, doubled each time
LONGEST = 60.0  # seconds that any wait may take
TIMEOUT = (15, 60)  # seconds to connect, and between bytes
PIECE = 1 << 16  # bytes; of a connection that breaks, what has not filled a piece is lost
REMOTE = re.compile(r"https?://")
AGENT = {"User-Agent": "spikeledger", "Accept-Encoding": "identity"}  # a Range counts bytes as they are stored


class SourceError(Exception):
    """A source does not have the file, or not now: the next one is asked."""


class Interrupted(SourceError):
    """Worth another try at the same source."""

    def __init__(self, why: str, wait: float | None = None):
        super().__init__(why)
        self.wait = wait


def run(name: str, only: str | None = None, mirror: str | None = None, offline: bool = False) -> None:
    """Bring the files of a data set, or one of them, to data/raw; raises InputError when one cannot be had."""
    dataset = params.load("datasets", name)
    known = [file.name for file in dataset.files]
    if only is not None and only not in known:
        raise InputError(f"data set {name}", f"has no file {only}", f"choose one of {', '.join(known) or 'none'}")
    if mirror and "://" in mirror and not REMOTE.match(mirror):
        raise InputError(
            "--mirror", f"{_shown(mirror)} is no http address", "give a folder, or an http or https address"
        )
    if not known:
        print(f"data set {name} has no files to download; put them into data/raw/{dataset.raw}, see docs/data.md")
    for file in dataset.files:
        if only in (None, file.name):
            fetch(file, Path("data/raw", dataset.raw, file.name), mirror, offline)


def fetch(file: File, target: Path, mirror: str | None = None, offline: bool = False) -> None:
    """Bring one file to `target`, which stays as it is when it is there with the right checksum.

    Raises InputError naming every source and why it failed, with the file's checksum and where to put it by hand.
    """
    files.make_folder(target.parent)
    with _alone(target):
        if target.exists():
            verify(file, target)
            print(f"{target} is there")
            return
        failures = []
        for source in _sources(file, target, mirror, offline):
            try:
                _bring(source, file, target)
            except SourceError as error:
                failures.append(f"{_shown(source)}: {error}")
                continue
            print(f"{target} from {_shown(source)}", flush=True)
            return
    how = "offline, and " if offline else ""
    tried = "; ".join(failures) or "no source is known"
    by_hand = f" from {' or '.join(file.urls)}" if file.urls else ""
    raise InputError(
        target,
        f"cannot be had ({how}{tried})",
        f"get it{by_hand}, {_sum_said(file)}, and put it there, or say where it is with MIRROR= or --mirror",
    )


def verify(file: File, path: Path) -> None:
    """Compare a file with its published checksum; raises InputError with the expected and the found one."""
    if path.is_dir():
        raise InputError(path, "is a folder, and a file belongs there", "move it elsewhere")
    if not path.is_file():
        raise InputError(path, "is missing", "run python -m snn download, or put it there")
    if not path.stat().st_size:
        raise InputError(path, "is empty", "remove it and fetch it anew")
    expected, found = _expected(file), _sum(file, path)
    if found != expected:
        raise InputError(path, f"{_sum_said(file)} is expected, found is {found}", "remove it and fetch it anew")


def _sources(file: File, target: Path, mirror: str | None, offline: bool) -> Iterator[str]:
    if mirror:
        base = mirror.rstrip("/")
        if not (offline and REMOTE.match(base)):
            yield from (f"{base}/{target.parent.name}/{file.name}", f"{base}/{file.name}")
    if not offline:
        yield from file.urls


def _bring(source: str, file: File, target: Path) -> None:
    """From one source; raises SourceError when it has no such file, or one with another checksum."""
    remote = REMOTE.match(source)
    part = target.with_name(f".{target.name}.{'part' if remote else 'copy'}")  # a copy that is wrong costs no download
    begun = part.exists()
    if remote:
        for attempt in range(TRIES):
            try:
                _stream(source, part, target.name)
                break
            except Interrupted as error:
                if attempt + 1 == TRIES:
                    raise
                wait = min(LONGEST, BACKOFF * 2**attempt if error.wait is None else error.wait)
                print(f"{_shown(source)}: {error}; trying again in {wait:.0f} s", flush=True)
                time.sleep(wait)
    else:
        _copy(Path(source).expanduser(), part)
    found = _sum(file, part)
    if found != _expected(file):
        files.remove(part)
        if begun and remote:  # what lay there before may be of another release
            return _bring(source, file, target)
        raise SourceError(f"{_sum_said(file)} is expected, found is {found}")
    return files.move(part, target)


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        raise SourceError("is no file")
    try:
        shutil.copyfile(source, part)
    except OSError as error:
        files.remove(part)
        raise files.refusal(part, error) from error


def _stream(url: str, part: Path, name: str) -> None:
    """Read `url` into `part`, from where it ends. A server that cannot go on there starts anew."""
    start = part.stat().st_size if part.exists() else 0
    headers = {**AGENT, "Range": f"bytes={start}-"} if start else AGENT
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            start = _start(response, start, part)
            if start is None:
                return
            length = response.headers.get("Content-Length", "")
            total = start + int(length) if length.isdigit() else None
            _room(part, total and total - start)
            _write(response, part, start, total, name)
    except requests.RequestException as error:
        raise Interrupted(type(error).__name__) from error
    if total is not None and part.stat().st_size != total:
        raise Interrupted(f"broke off after {part.stat().st_size} of {total} bytes")


def _start(response: requests.Response, start: int, part: Path) -> int | None:
    """Where the body that a server sends begins; None when everything is here already."""
    status = response.status_code
    if status == 416:
        said = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("Content-Range", ""))
        if said and int(said[1]) == start:
            return None
        files.remove(part)
        raise Interrupted("cannot go on where the download stopped", wait=0.0)
    if status == 429 or status >= 500:
        wait = response.headers.get("Retry-After", "")
        raise Interrupted(f"answers {status}", float(wait) if wait.isdigit() else None)
    if status not in (200, 206):
        raise SourceError(f"answers {status}")
    if status == 206:
        said = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if not said or int(said[1]) != start:
            files.remove(part)
            raise Interrupted("sends another range than was asked for", wait=0.0)
        return start
    return 0


def _room(part: Path, needed: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed and needed > free:
        what = f"needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free"
        raise InputError(part.parent, what, "free some disk space and run the same command again")


def _write(response: requests.Response, part: Path, start: int, total: int | None, name: str) -> None:
    """Append the body, with a bar on a terminal and a line every tenth elsewhere."""
    try:
        with (
            part.open("r+b" if start else "wb") as out,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=name, disable=None) as bar,
        ):
            out.truncate(start)
            out.seek(start)
            tenth = 10 * start // total if total else 0
            for piece in response.iter_content(PIECE):
                out.write(piece)
                bar.update(len(piece))
                if bar.disable and total and 10 * out.tell() // total > tenth:
                    tenth = 10 * out.tell() // total
                    print(f"{name}: {10 * tenth} % of {total / 1e6:.1f} MB", flush=True)
    except requests.RequestException:
        raise
    except OSError as error:
        raise files.refusal(part, error) from error


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Only one process at a time brings a file; the second finds it there."""
    lock = target.with_name(f".{target.name}.lock")
    try:
        handle = lock.open("w")
    except OSError as error:
        raise files.refusal(lock, error) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _sum(file: File, path: Path) -> str | None:
    if _expected(file) is None:
        return None
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256" if file.sha256 else "md5").hexdigest()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "make it readable, or fetch it anew") from error


def _expected(file: File) -> str | None:
    return file.sha256 or file.md5


def _sum_said(file: File) -> str:
    return f"{'sha256' if file.sha256 else 'md5'} {_expected(file)}" if _expected(file) else "whatever its checksum"


def _shown(source: str) -> str:
    """A source without what may be secret in it: user, password, query."""
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        return source
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
