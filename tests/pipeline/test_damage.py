"""A damaged result is set aside, with nothing deleted; tables that their stamp does not prove lose it."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from snn.core import files
from snn.core.locks import locked
from snn.pipeline import damage

NAMES = ("params.json", "provenance.json", "epochs.csv", "net.safetensors")


def result(folder: Path, **parents) -> SimpleNamespace:
    """A finished result, of which the last file is the proof."""
    for name in NAMES:
        files.write(folder / name, f"{name} of {folder.name}\n")
    files.write_json(folder / "sha256.json", {name: files.sha256(folder / name) for name in NAMES})
    outputs = [folder / "sha256.json", *(folder / name for name in NAMES)]
    return Result(stage="train", folder=folder, outputs=outputs, proof=outputs[-1], parents=parents)


class Result(SimpleNamespace):
    """Compared by identity, like a job."""

    __hash__ = object.__hash__


@pytest.fixture
def run(tmp_path) -> SimpleNamespace:
    return result(tmp_path / "s0-abc")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a flipped bit": lambda folder: flip(folder / "epochs.csv"),
    "a flipped bit in the proof": lambda folder: flip(folder / "net.safetensors"),
    "a file cut short": lambda folder: (folder / "params.json").write_text("para"),
    "a missing file": lambda folder: (folder / "provenance.json").unlink(),
    "an empty record": lambda folder: (folder / "sha256.json").write_text(""),
    "a record of nothing": lambda folder: (folder / "sha256.json").write_text("{}"),
    "no record": lambda folder: (folder / "sha256.json").unlink(),
}


@pytest.mark.parametrize("spoil", DAMAGES.values(), ids=DAMAGES)
def test_the_files_of_a_damaged_result_are_moved_and_its_folders_stay(spoil, run):
    files.write(run.folder / "rows/abc/rows.csv", "of another result\n")
    files.write(run.folder / files.PROGRESS[0], "a checkpoint\n")
    spoil(run.folder)
    before = {name: (run.folder / name).read_bytes() for name in files.kept_in(run.folder) - set(files.PROGRESS)}
    assert damage.set_aside([run]) == [run.folder]
    again = run.folder / damage.AGAIN
    assert {name: (again / name).read_bytes() for name in files.kept_in(again)} == before
    assert files.kept_in(run.folder) == {files.PROGRESS[0]}
    assert (run.folder / "rows/abc/rows.csv").exists()


def kept(run: SimpleNamespace) -> bool:
    return not damage.set_aside([run]) and run.proof.exists()


def test_a_whole_result_stays_also_with_a_file_of_the_user_beside_it(run):
    files.write(run.folder / "notes.txt", "mine\n")
    assert kept(run)


def test_a_damaged_result_that_another_process_makes_stays(run):
    flip(run.proof)
    with locked(damage.lock_of(run)):
        assert kept(run)
    assert not kept(run)


def test_an_unfinished_result_stays(run):
    flip(run.folder / "epochs.csv")
    run.proof.unlink()
    assert damage.set_aside([run]) == []
    assert (run.folder / "epochs.csv").exists()


def test_a_result_that_cannot_be_read_stays(run, monkeypatch):
    flip(run.proof)
    original = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *mode: original(path, *mode) if path != run.proof else denied())
    assert kept(run)


def denied():
    raise PermissionError(13, "Permission denied")


def test_all_that_a_result_was_made_from_is_found_once(tmp_path):
    data = result(tmp_path / "data")
    teacher = result(tmp_path / "teacher", data=data)
    student = result(tmp_path / "student", data=data, teacher=teacher)
    assert set(damage.ancestors(student)) == {data, teacher}
    assert len(list(damage.ancestors(student))) == 2


def test_what_is_gone_is_asked_for_if_something_that_was_made_from_it_is_here(tmp_path):
    data = result(tmp_path / "data")
    data.stage = "prepare"
    run = result(tmp_path / "run", data=data)
    chips = result(tmp_path / "chips", run=run)
    rows = result(tmp_path / "rows", run=run, chips=chips)
    for gone in (data, chips):
        gone.proof.unlink()
    shutil.rmtree(data.folder)
    assert damage.ask_for_lost([rows, chips, run, data]) == [chips.folder]
    assert (chips.folder / damage.AGAIN).is_dir()
    rows.proof.unlink()
    assert damage.ask_for_lost([rows, chips, run, data]) == []


def test_prepared_data_of_which_a_part_is_gone_are_asked_for(tmp_path):
    data = result(tmp_path / "data")
    data.stage = "prepare"
    run = result(tmp_path / "run", data=data)
    data.proof.unlink()
    assert damage.ask_for_lost([run, data]) == [data.folder]


@pytest.fixture
def plan(tmp_path) -> SimpleNamespace:
    """Tables, a report and a page, each with its stamp."""
    return SimpleNamespace(**{stage: stamped(tmp_path / stage, stage) for stage in ("collect", "report", "page")})


def stamped(folder: Path, stage: str) -> Result:
    table, stamp = files.write(folder / "table.csv", "a,b\n"), folder / "abc.stamp"
    files.write_json(stamp, {table.name: files.sha256(table)})
    return Result(stage=stage, folder=folder, outputs=[table, stamp], proof=stamp)


def workflow(dryrun: bool = False, head: bool = True) -> SimpleNamespace:
    return SimpleNamespace(is_main_process=head, output_settings=SimpleNamespace(dryrun=dryrun))


@pytest.mark.parametrize("stage", ["collect", "report", "page"])
def test_a_stamp_that_does_not_prove_its_files_is_removed_with_one_line(stage, plan, capsys):
    altered = getattr(plan, stage)
    flip(altered.folder / "table.csv")
    damage.withdraw(plan, workflow())
    assert [job.stage for job in (plan.collect, plan.report, plan.page) if not job.proof.exists()] == [stage]
    assert (altered.folder / "table.csv").exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert str(altered.folder) in line


def test_a_stamp_that_proves_its_files_stays(plan, capsys):
    damage.withdraw(plan, workflow())
    assert all(job.proof.exists() for job in (plan.collect, plan.report, plan.page))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("who", [workflow(dryrun=True), workflow(head=False)], ids=["a dry run", "a job"])
def test_who_only_looks_or_works_removes_no_stamp(who, plan):
    flip(plan.report.folder / "table.csv")
    damage.withdraw(plan, who)
    assert plan.report.proof.exists()
