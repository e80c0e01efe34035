"""Locks between processes: files that one of them holds. The kernel ends a lock with its process, killed or not."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from snn.core import files


@contextlib.contextmanager
def locked(lock: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a file, which is removed afterwards; yields whether another process held it before.

    A file that a killed process has left locks nothing. Where the file system has no locks, nobody is kept out. Raises
    InputError naming the file if it cannot be made and, without `wait`, BlockingIOError if another process holds it.
    """
    handle, waited = _hold(lock, wait)
    with handle:
        try:
            yield waited
        finally:
            with contextlib.suppress(OSError):
                lock.unlink()  # while it is held: whoever waits for it sees that it is gone, and makes another one
                fcntl.flock(handle, fcntl.LOCK_UN)  # processes that were forked meanwhile hold it, too


def is_held(lock: Path) -> bool:
    """Whether a process on this machine holds the lock of a file; raises OSError if that cannot be known."""
    with lock.open("r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _hold(lock: Path, wait: bool) -> tuple[IO[str], bool]:
    """An open file that holds the lock, and whether another process held it before."""
    waited = False
    while True:
        try:
            handle = lock.open("a")
        except OSError as error:
            raise files.refusal(lock, error) from error
        try:
            waited = not _taken(handle, wait) or waited
            if _is_at(lock, handle):
                return handle, waited
        except BlockingIOError:
            handle.close()
            raise
        except OSError:  # of a file system without locks
            return handle, waited
        handle.close()


def _taken(handle: IO[str], wait: bool) -> bool:
    """Take a lock, and tell whether it was free."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise
        fcntl.flock(handle, fcntl.LOCK_EX)
        return False
    return True


def _is_at(path: Path, handle: IO[str]) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False
