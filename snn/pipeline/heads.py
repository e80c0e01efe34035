"""The processes that run the workflow in this folder, its heads; the locks that a dead one has left are removed.

Snakemake notes the files of a run in .snakemake/locks. If it is killed, they stay, and they do not tell whose they are.
So every head keeps a record of the files it has made there, and holds the record locked while it lives. No torch.
"""

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from snn.core.errors import InputError
from snn.core.locks import is_held, locked

RECORDS, LOCKS = Path(".snakemake/heads"), Path(".snakemake/locks")
BOOT = Path("/proc/sys/kernel/random/boot_id")  # one per kernel, containers share it; Linux only
UNLOCK = "python -m snakemake --unlock"


@dataclass(frozen=True)
class Head:
    """A head by its record, of which the name is HOST~BOOT~PROCESS."""

    record: Path

    @property
    def host(self) -> str:
        """The host on which it runs."""
        return unquote(self._parts[0])

    @property
    def process(self) -> str:
        """The number of its process."""
        return self._parts[-1]

    @property
    def is_near(self) -> bool:
        """Whether it ran on this machine, so that we can know whether it still does."""
        return self.host == platform.node() or (_boot() != "" and self._parts[1:2] == [_boot()])

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended."""
        try:
            return self.is_near and not is_held(self.record)
        except OSError:  # of another user, or gone
            return False

    @property
    def locks(self) -> dict[str, int] | None:
        """The locks that it has made, with their times; None if it has not named them, or if its record is damaged."""
        try:
            names, _, checked = self.record.read_bytes().partition(b"\n")
        except OSError:
            return None
        found = json.loads(names) if checked == _sum(names) else None
        return found if isinstance(found, dict) else None

    @property
    def _parts(self) -> list[str]:
        return self.record.name.split("~")


def claim(workflow: Any) -> int | None:
    """Record this head and remove the locks of dead ones, with one line for each head.

    Returns the descriptor that holds the record; None if this process is no head, or cannot lock files.
    """
    if not workflow.is_main_process:
        return None
    with contextlib.suppress(OSError, InputError):  # no locks here; where nothing can be written, Snakemake says so
        RECORDS.mkdir(parents=True, exist_ok=True)
        with locked(RECORDS / ".lock"):
            _remove_stale()
            own = RECORDS / f"{quote(platform.node(), safe='')}~{_boot()}~{os.getpid()}"
            handle = os.open(own, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            atexit.register(own.absolute().unlink, missing_ok=True)
            return handle
    return None


def name_locks(record: int | None, workflow: Any) -> None:
    """Write the locks of a head that starts to run jobs into its record."""
    made = getattr(workflow.persistence, "_lockfile", {}).values()
    if record is not None:
        names = json.dumps({_identity(Path(path)): _time(Path(path)) for path in made}).encode()
        os.pwrite(record, names + b"\n" + _sum(names), 0)


def _remove_stale() -> None:
    """Remove the records of dead heads, and every lock that is theirs.

    A lock is that of a dead head if one names it and no other head does. A file system gives an inode again at once, so
    that while another head is about to name its own, the time has to be that of the dead one's, too. A lock that nobody
    names was made by a dead head that was killed before it could name it, if there is one and no other head is about to
    name its own.
    """
    dead, others = _heads()
    present = {_identity(path): path for path in LOCKS.glob("*.lock")} if LOCKS.is_dir() else {}
    of_dead = {lock: time for head in dead for lock, time in (head.locks or {}).items()}
    of_others = set().union(*(head.locks or () for head in others))
    named = all(head.locks is not None for head in others)
    nameless = named and any(head.locks is None for head in dead)

    def is_stale(lock: str) -> bool:
        of_a_dead_one = lock in of_dead and (named or of_dead[lock] == _time(present[lock]))
        return lock not in of_others and (nameless or of_a_dead_one)

    stale = set(filter(is_stale, present))
    for lock in stale:
        present[lock].unlink(missing_ok=True)
    for head in dead:
        head.record.unlink(missing_ok=True)
    if stale:
        processes = ", ".join(sorted(head.process for head in dead))
        _say(f"{LOCKS}: removed the lock that process {processes} left when it was killed")
    for head in others if present.keys() - stale else ():
        if head.is_near:
            _say(f"{LOCKS}: the workflow runs here as process {head.process}; this one ends if both would make a file")
        else:
            where = f"process {head.process} on {head.host}, of which this machine cannot know whether it runs"
            _say(f"{LOCKS}: the workflow was started here by {where}; if it does not: {UNLOCK}")


def _heads() -> tuple[list[Head], list[Head]]:
    """The dead heads of this machine, and all others."""
    found = [Head(path) for path in sorted(RECORDS.iterdir()) if path.name.count("~") == 2]
    dead = [head for head in found if head.is_dead]
    return dead, [head for head in found if head not in dead]


def _sum(names: bytes) -> bytes:
    """What follows the names of locks in a record, so that a damaged record is known."""
    return hashlib.sha256(names).hexdigest().encode()


def _identity(lock: Path) -> str:
    """The name of a lock and what tells it from an earlier one of that name."""
    return f"{lock.name} {lock.stat().st_ino}"


def _time(lock: Path) -> int:
    """When it was written, in nanoseconds."""
    return lock.stat().st_mtime_ns


def _boot() -> str:
    with contextlib.suppress(OSError):
        return BOOT.read_text().strip()
    return ""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
