"""The tables on record: which of them are of today, and who made the others."""

import json
import subprocess

import pytest

from snn.cli.main import main
from snn.core import files
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord, names
from tests.refusals import refused
from tests.tables_on_record import OLDER, PAGES, ROWS, digests, put


def plan(capsys):
    """Exit status of `plan --all`, its rows by experiment, and all that it says."""
    status = main(["plan", "--all"])
    output = capsys.readouterr().out
    return status, {line.split("  ")[0]: line for line in output.splitlines()}, output


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty repository, as the working directory."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_and_report_that_todays_code_names_the_same_are_not_stale(capsys):
    put("smoke", *digests())
    status, rows, _ = plan(capsys)
    assert status == 0
    assert "as today" in rows["smoke"]


def test_a_report_of_older_code_is_stale_and_its_runs_are_not(capsys):
    put("smoke", digests()[0], OLDER)
    status, rows, _ = plan(capsys)
    assert status == 1
    assert "report stale" in rows["smoke"]
    assert "runs stale" not in rows["smoke"]


def test_runs_of_older_code_are_stale_and_a_report_made_of_them_today_is_not(capsys):
    put("smoke", *digests(OLDER))
    status, rows, _ = plan(capsys)
    assert status == 1
    assert "runs stale" in rows["smoke"]
    assert "report stale" not in rows["smoke"]


def test_stale_runs_name_the_commits_of_most_rows_first(capsys):
    put("smoke", OLDER)
    _, rows, _ = plan(capsys)
    assert rows["smoke"].split()[1:] == [*["runs", "stale,", "report", "stale"], "0", "bbbbbbb", "aaaaaaa", "ccccccc"]


def test_tables_of_an_experiment_that_is_gone_are_named(capsys):
    put("gone", OLDER)
    put("smoke", *digests())
    status, rows, output = plan(capsys)
    assert status == 1
    assert "not planned" in rows["gone"]
    assert "as today" in rows["smoke"]
    assert "'gone'" in output


def forge(tables, report):
    (report / "summary.md").write_text("forged")
    return report / "summary.md"


def add(tables, report):
    (report / "more.md").write_text("no stamp knows of it")
    return report / "more.md"


def remove(tables, report):
    (tables / "costs.csv").unlink()
    return tables / "costs.csv"


def prove_nothing(tables, report):
    (report / f"{digests()[1]}.stamp").write_text("{}")
    return report / min(PAGES)


def stamp_twice(tables, report):
    (tables / f"{OLDER}.stamp").write_bytes((tables / f"{digests()[0]}.stamp").read_bytes())
    return tables


def lose_the_stamp(tables, report):
    (report / f"{digests()[1]}.stamp").unlink()
    return report


@pytest.mark.parametrize("damage", [forge, add, remove, prove_nothing, stamp_twice, lose_the_stamp])
def test_tables_that_no_stamp_proves_are_named(damage, capsys):
    where = damage(*put("smoke", *digests()))
    status, rows, output = plan(capsys)
    assert status == 1
    assert "not proven" in rows["smoke"]
    assert f"\n{where}: " in output


def test_a_folder_of_which_no_experiment_has_the_name_is_not_one_to_remove(here, capsys):
    files.write(here / "results/tables/mynotes/todo.txt", "mine")
    status, rows, output = plan(capsys)
    assert status == 1
    assert "not proven" in rows["mynotes"]
    assert "remove" not in output


def record_of(folder, dirty):
    files.write_json(folder / "provenance.json", {"dirty": dirty})
    return folder


def test_the_refusal_of_dirty_tables_names_every_dirty_folder_here_and_no_other():
    tables, _ = put("digits_all", *digests(name="digits_all"), rows=[{**ROWS[0], "dirty": True}])
    planned = Plan("digits_all")
    run = next(run for run in planned.runs if run.start)
    clean, inside = record_of(planned.runs[0].folder, False), record_of(run.folder / "rows" / "0123456789ab", True)
    named = [record_of(job.folder, True) for job in (planned.data, run, run.start)]
    with refused(tables / "costs.csv", *named, tables) as refusal:
        TablesOnRecord("digits_all").refuse_dirty()
    assert run.start not in planned.runs  # the tables have no row for it, nor for prepared data
    assert str(clean) not in str(refusal.value)
    assert str(inside) not in str(refusal.value)


def test_stamps_of_older_code_prove_their_files():
    tables, report = put("smoke", OLDER)
    TablesOnRecord("smoke").prove()
    assert set(json.loads((tables / f"{OLDER}.stamp").read_text())) == {"costs.csv"}
    assert set(json.loads((report / f"{OLDER}.stamp").read_text())) == set(PAGES)


def test_tables_that_git_ignores_are_not_on_record(here):
    put("smoke", *digests())
    put("digits", OLDER)
    (here / ".gitignore").write_text("/results/tables/smoke/\n")
    assert names() == ["digits"]


def test_a_folder_without_tables_on_record_has_none_that_are_stale(capsys):
    assert plan(capsys)[0] == 0
