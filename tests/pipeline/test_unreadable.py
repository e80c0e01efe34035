"""Records of Snakemake whose bytes are no text are removed; all others stay."""

from types import SimpleNamespace

import pytest

from snn.core import files
from snn.pipeline import unreadable

TEXT, DAMAGED = b'{"rule": "train"}', b'{"rule": "tr\xeein"}'


def workflow(dryrun=False, head=True):
    return SimpleNamespace(is_main_process=head, output_settings=SimpleNamespace(dryrun=dryrun))


@pytest.fixture
def records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.make_folder(unreadable.RECORDS / "deep")
    found = {name: unreadable.RECORDS / name for name in ("text", "damaged", "deep/damaged", "no json")}
    for name, path in found.items():
        path.write_bytes(DAMAGED if "damaged" in name else TEXT[:-1] if name == "no json" else TEXT)
    return found


def left(records):
    return {name for name, path in records.items() if path.exists()}


def test_a_record_that_is_no_text_is_removed_with_one_line(records, capsys):
    unreadable.forget(workflow())
    assert left(records) == {"text", "no json"}
    assert capsys.readouterr().err.startswith("2 records of Snakemake cannot be read, and are removed;")
    unreadable.forget(workflow())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("other", [{"dryrun": True}, {"head": False}])
def test_a_dry_run_and_a_job_remove_nothing(records, other):
    unreadable.forget(workflow(**other))
    assert left(records) == set(records)


def test_a_folder_without_records_is_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    unreadable.forget(workflow())
    assert capsys.readouterr().err == ""
