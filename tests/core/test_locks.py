import fcntl
import multiprocessing
import os
from pathlib import Path

import pytest

from snn.core.locks import is_held, locked
from tests.refusals import refused


def test_a_lock_is_held_inside_its_block_and_leaves_no_file(tmp_path):
    lock = tmp_path / "lock"
    with locked(lock) as waited:
        assert not waited
        assert is_held(lock)
        with pytest.raises(BlockingIOError), locked(lock, wait=False):
            pass
    assert not lock.exists()


def test_a_file_that_a_killed_process_left_locks_nothing(tmp_path):
    lock = tmp_path / "lock"
    process = multiprocessing.get_context("fork").Process(target=die_in, args=(lock,))
    process.start()
    process.join()
    assert lock.exists()
    assert not is_held(lock)
    with locked(lock) as waited:
        assert not waited


def die_in(lock: Path) -> None:
    with locked(lock):
        os.kill(os.getpid(), 9)


def test_who_waits_is_alone_and_knows_that_it_has_waited(tmp_path):
    lock, log = tmp_path / "lock", tmp_path / "log"
    context = multiprocessing.get_context("fork")
    about_to_wait = context.Semaphore(0)
    with locked(lock):
        others = [context.Process(target=note_in, args=(lock, log, about_to_wait)) for _ in range(3)]
        for other in others:
            other.start()
        for _ in others:
            about_to_wait.acquire()
        assert not log.exists()
    for other in others:
        other.join()
    assert log.read_text().splitlines() == ["in after waiting", "out"] * len(others)
    assert not lock.exists()


def note_in(lock: Path, log: Path, about_to_wait) -> None:
    flock = fcntl.flock

    def tell(handle, operation):
        if not operation & fcntl.LOCK_NB:
            about_to_wait.release()
        flock(handle, operation)

    fcntl.flock = tell
    with locked(lock) as waited, log.open("a") as file:
        print("in after waiting" if waited else "in", file=file, flush=True)
        print("out", file=file, flush=True)


def test_a_lock_that_cannot_be_made_is_named(tmp_path):
    with refused(tmp_path / "no folder/lock", "No such file"), locked(tmp_path / "no folder/lock"):
        pass


def test_where_the_file_system_has_no_locks_nobody_is_kept_out(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path / "lock") as waited:
        assert not waited
