"""The tables on record: which of them are of today, and who made the others."""

import json
import subprocess

import pytest

from snn.cli.main import main
from snn.pipeline.plan import Grid
from snn.pipeline.record import TableSet, names
from tests.tables_on_record import PAGES, put

TODAY, OLDER = Grid("smoke").tables.digest, "0123456789ab"


def plan(capsys):
    """Exit status of `plan --all`, its rows by experiment, and all that it says."""
    status = main(["plan", "--all"])
    said = capsys.readouterr().out
    return status, {line.split("  ")[0]: line for line in said.splitlines()}, said


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty repository, as the working directory."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_that_todays_code_names_the_same_are_not_stale(capsys):
    put("smoke", TODAY)
    status, rows, _ = plan(capsys)
    assert status == 0
    assert "as today" in rows["smoke"]


def test_tables_of_older_code_are_stale_and_name_the_commits_of_most_rows_first(capsys):
    put("smoke", OLDER)
    status, rows, _ = plan(capsys)
    assert status == 1
    assert rows["smoke"].split()[1:] == ["stale", "0", "bbbbbbb", "aaaaaaa", "ccccccc"]


def test_tables_of_an_experiment_that_is_gone_are_named(capsys):
    put("gone", OLDER)
    put("smoke", TODAY)
    status, rows, said = plan(capsys)
    assert status == 1
    assert "not planned" in rows["gone"]
    assert "as today" in rows["smoke"]
    assert "'gone'" in said


def forge(folder):
    (folder / "summary.md").write_text("forged")
    return folder / "summary.md"


def add(folder):
    (folder / "more.md").write_text("no stamp knows of it")
    return folder / "more.md"


def remove(folder):
    (folder / "costs.csv").unlink()
    return folder / "costs.csv"


def prove_nothing(folder):
    (folder / f"{TODAY}.stamp").write_text("{}")
    return folder / min("costs.csv", *PAGES)


def stamp_twice(folder):
    (folder / f"{OLDER}.stamp").write_bytes((folder / f"{TODAY}.stamp").read_bytes())
    return folder


def lose_the_stamp(folder):
    (folder / f"{TODAY}.stamp").unlink()
    return folder


@pytest.mark.parametrize("damage", [forge, add, remove, prove_nothing, stamp_twice, lose_the_stamp])
def test_tables_that_no_stamp_proves_are_named(damage, capsys):
    where = damage(put("smoke", TODAY))
    status, rows, said = plan(capsys)
    assert status == 1
    assert "not proven" in rows["smoke"]
    assert f"\n{where}: " in said


def test_a_stamp_of_older_code_proves_its_tables():
    folder = put("smoke", OLDER)
    TableSet("smoke").prove()
    assert set(json.loads((folder / f"{OLDER}.stamp").read_text())) == {"costs.csv", *PAGES}


def test_tables_that_git_ignores_are_not_on_record(here):
    put("smoke", TODAY)
    put("digits", OLDER)
    (here / ".gitignore").write_text("/results/tables/smoke/\n")
    assert names() == ["digits"]


def test_a_folder_without_tables_on_record_has_none_that_are_stale(capsys):
    assert plan(capsys)[0] == 0
