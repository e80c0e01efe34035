"""Preparing data writes no file that is far larger than what was released."""

import resource
from types import SimpleNamespace

import pytest

from snn.pipeline import bounded


@pytest.fixture
def released(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "ROOM", 1000)
    path = tmp_path / "released"
    path.write_bytes(bytes(100))
    return path


def job(stage, path):
    return SimpleNamespace(stage=stage, inputs=[path, path.with_name("absent")])


def test_a_file_may_grow_to_the_bound_and_no_further(released, tmp_path):
    most = 1000 + bounded.GROWTH * 100
    with bounded.written(job("prepare", released)):
        (tmp_path / "fits").write_bytes(bytes(most))
        with pytest.raises(OSError, match="File too large"):
            (tmp_path / "bomb").write_bytes(bytes(most + 1))
    assert (tmp_path / "bomb").stat().st_size <= most
    (tmp_path / "afterwards").write_bytes(bytes(most + 1))


def test_other_stages_and_tighter_limits_stay_as_they_are(released):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with bounded.written(job("train", released)):
        assert resource.getrlimit(resource.RLIMIT_FSIZE) == before
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with bounded.written(job("prepare", released)):
            assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 500
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
