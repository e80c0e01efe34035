"""Locks of dead heads are removed, all others are kept. A head is a process here that claims, and is killed or not."""

import json
import multiprocessing
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from snn.pipeline import heads

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def workflow(*locks: str) -> SimpleNamespace:
    """A workflow that has made these locks."""
    made = {name: str(heads.LOCKS / name) for name in locks}
    return SimpleNamespace(is_main_process=True, persistence=SimpleNamespace(_lockfile=made))


def lock(*names: str) -> None:
    heads.LOCKS.mkdir(parents=True, exist_ok=True)
    for name in names:
        (heads.LOCKS / name).write_text("results/of/a/run\n")


def be_a_head(end: multiprocessing.connection.Connection, names: tuple[str, ...], named: bool) -> None:
    record = heads.claim(workflow())
    lock(*names)
    if named:
        heads.name_locks(record, workflow(*names))
    end.send("ready")
    end.recv()


class Another:
    """Another head, which lives until it is killed."""

    def __init__(self, *names: str, named: bool = True):
        self.end, other = FORK.Pipe()
        self.process = FORK.Process(target=be_a_head, args=(other, names, named))
        self.process.start()
        self.end.recv()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def left() -> set[str]:
    return {path.name for path in heads.LOCKS.glob("*")}


@pytest.mark.parametrize("named", [True, False], ids=["after it began", "before it began"])
def test_the_lock_of_a_killed_head_is_removed_with_one_line(named, capsys):
    dead = Another("0.input.lock", "0.output.lock", named=named)
    dead.kill()
    heads.claim(workflow())
    assert left() == set()
    (line,) = capsys.readouterr().err.splitlines()
    assert str(dead.process.pid) in line


@pytest.mark.parametrize("named", [True, False], ids=["at work", "about to begin"])
def test_the_lock_of_a_head_that_lives_is_kept_and_its_process_named(named, capsys):
    alive = Another("0.input.lock", named=named)
    heads.claim(workflow())
    assert left() == {"0.input.lock"}
    assert str(alive.process.pid) in capsys.readouterr().err
    alive.kill()


def test_of_two_heads_only_the_lock_of_the_dead_one_is_removed():
    alive, dead = Another("0.input.lock"), Another("1.input.lock")
    dead.kill()
    heads.claim(workflow())
    assert left() == {"0.input.lock"}
    alive.kill()


@pytest.mark.parametrize("named", [True, False], ids=["at work", "about to begin"])
@pytest.mark.parametrize("same_inode", [True, False])
def test_a_new_lock_under_the_name_of_a_dead_ones_is_kept(named, same_inode):
    dead, path = Another("0.input.lock"), heads.LOCKS / "0.input.lock"
    before = path.stat()
    if not same_inode:
        path.rename(heads.LOCKS / "elsewhere")  # where its inode stays in use
    alive = Another("0.input.lock", named=named)
    os.utime(path, ns=(before.st_mtime_ns + 1, before.st_mtime_ns + 1))
    assert (path.stat().st_ino == before.st_ino) == same_inode
    dead.kill()
    heads.claim(workflow())
    assert "0.input.lock" in left()
    alive.kill()


def test_a_dead_heads_lock_is_removed_though_it_was_damaged():
    dead = Another("0.input.lock")
    dead.kill()
    lock("0.input.lock")
    heads.claim(workflow())
    assert left() == set()


def test_a_lock_from_another_host_is_kept_and_explained(capsys, monkeypatch):
    far = Another("0.input.lock")
    far.kill()
    monkeypatch.setattr("platform.node", lambda: "another")
    monkeypatch.setattr(heads, "BOOT", Path("no such file"))
    heads.claim(workflow())
    assert left() == {"0.input.lock"}
    line = capsys.readouterr().err
    assert heads.UNLOCK in line
    assert str(far.process.pid) in line


def test_a_head_of_before_a_power_cut_is_dead(monkeypatch, here):
    dead = Another("0.input.lock")
    dead.kill()
    boot = here / "boot"
    boot.write_text("another boot\n")
    monkeypatch.setattr(heads, "BOOT", boot)
    heads.claim(workflow())
    assert left() == set()


@pytest.mark.parametrize("record", ["", "[", "{}", "7", "null", '[["a"]]', "\0"])
def test_a_damaged_record_of_a_head_that_lives_keeps_every_lock(record):
    alive, dead = Another("0.input.lock"), Another(named=False)
    (found,) = [path for path in heads.RECORDS.glob("*~*") if path.name.endswith(f"~{alive.process.pid}")]
    found.write_text(record)
    dead.kill()
    heads.claim(workflow())
    assert left() == {"0.input.lock"}
    alive.kill()


def test_a_lock_of_which_no_head_has_a_record_is_kept():
    lock("0.input.lock")
    heads.claim(workflow())
    assert left() == {"0.input.lock"}


def test_a_head_names_the_locks_that_it_has_made():
    lock("0.input.lock", "1.input.lock")
    record = heads.claim(workflow())
    heads.name_locks(record, workflow("1.input.lock"))
    (own,) = heads.RECORDS.glob(f"*~{os.getpid()}")
    assert [name.split()[0] for name in json.loads(own.read_text().splitlines()[0])] == ["1.input.lock"]


def test_a_record_in_which_any_bit_was_flipped_or_that_was_cut_names_no_lock(here):
    lock("0.input.lock")
    record = here / "host~boot~1"
    with record.open("w") as file:
        heads.name_locks(file.fileno(), workflow("0.input.lock"))
    whole = record.read_bytes()
    assert len(heads.Head(record).locks) == 1
    flipped = [whole[:i] + bytes([whole[i] ^ 1 << bit]) + whole[i + 1 :] for i in range(len(whole)) for bit in range(8)]
    for content in (*flipped, *(whole[:i] for i in range(len(whole)))):
        record.write_bytes(content)
        assert heads.Head(record).locks is None, content


def test_a_lock_whose_name_was_altered_in_the_record_of_a_dead_head_is_removed():
    dead = Another("0.input.lock")
    (record,) = [path for path in heads.RECORDS.glob("*~*") if path.name.endswith(f"~{dead.process.pid}")]
    record.write_bytes(record.read_bytes().replace(b"0.input", b"1.input", 1))
    dead.kill()
    heads.claim(workflow())
    assert left() == set()


def test_a_job_of_another_executor_is_no_head():
    assert heads.claim(SimpleNamespace(is_main_process=False)) is None
    assert not heads.RECORDS.exists()


def test_without_locks_in_the_file_system_nothing_is_removed(monkeypatch):
    dead = Another("0.input.lock")
    dead.kill()

    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    assert heads.claim(workflow()) is None
    assert left() == {"0.input.lock"}
