"""The commands compare and check: between revisions and folders, in a toy repository."""

import html
import re
import subprocess

import pandas as pd
import pytest

from snn.cli.main import main
from snn.core import stored
from snn.evaluation.rows import Row
from snn.report import collected
from snn.report.collected import CostRow
from snn.report.units import for_files
from tests import outcomes
from tests.report.test_changes import some
from tests.rows import frame

FACTS = {"samples_test": outcomes.SAMPLES, "sampling_error": 0.01, "parameters": 1, "samples_seen": 1}


def git(*arguments: str) -> str:
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(["git", *name, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def put(folder, commit: str, *rows, machine="m0", data="d0", digest="0") -> None:
    """Tables of `digits` in a folder."""
    runs = frame(*rows).assign(**FACTS, dense_macs_padded=1, threads=1)
    runs["digest"] = [f"{digest}{i:011x}" for i in range(len(runs))]
    runs = runs.reindex(columns=list(Row.model_fields))
    blank = {"cpu_seconds": 1.0, "device": "cpu", "peak_mb": 1.0, "seconds": 1.0, "start_cpu_seconds": 1.0}
    blank |= {"commit": commit, "dirty": False, "versions": "v0", "platform": "p", "machine": machine}
    costs = [
        {**blank, "path": f"results/runs/d/n/{r.method}/T4/s{r.seed}-{r.digest}", "parents": f"data={data}"}
        for r in runs.itertuples()
    ]
    tables = folder / "results/tables/digits"
    tables.mkdir(parents=True, exist_ok=True)
    outcomes.of(runs).write(tables / "outcomes.safetensors")
    written = for_files(runs, Row.columns(), "accuracy")
    written.to_csv(tables / collected.file("runs"), index=False)
    stored.write_csv(tables / "costs.csv", costs, list(CostRow.model_fields))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A repository with two commits of code; tables of the first are tagged v1, those of the second lie beside."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    commits = []
    for text in ("x = 1\n", "x = 2\n"):
        (tmp_path / "snn").mkdir(exist_ok=True)
        (tmp_path / "snn/rule.py").write_text(text)
        git("add", "-A")
        git("commit", "-qm", text)
        commits.append(git("rev-parse", "HEAD"))
    put(tmp_path, commits[0], *some("tet"), *some("stbp"), *some("sdt"), *some("gone"))
    git("add", "-A")
    git("commit", "-qm", "tables")
    git("tag", "v1")
    rows = [*some("tet", shift=0.1), *some("stbp"), *some("sdt", shift=0.000125), *some("come")]
    put(tmp_path, commits[1], *rows, digest="1")
    return tmp_path


def run(capsys, *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    told = capsys.readouterr()
    return told.err if status == 2 else told.out


def told(text: str) -> dict[str, list[str]]:
    """The cells of a table by method: state and why."""
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: row[-2:] for row in rows if row and row[0] in ("tet", "stbp", "sdt", "gone", "come")}


def test_every_kind_of_change_is_named_with_its_reason(here, capsys):
    text = run(capsys, "compare", "v1")
    assert text.startswith("digits: 1 identical, 1 within, 1 moved, 1 appeared, 1 vanished\n")
    assert told(text) == {
        "tet": ["moved", "code"],
        "sdt": ["within", "code"],
        "come": ["appeared", "code"],
        "gone": ["vanished", "code"],
    }


def tagged(here, tag, *rows, code=None, parameters=None, **made) -> None:
    """A commit of code or parameters, and one of the tables that it makes, with a tag."""
    for name, text in (("snn/rule.py", code), ("params/methods.yaml", parameters)):
        if text:
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text(text)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "code")
    put(here, git("rev-parse", "HEAD"), *rows, **made)
    git("add", "-A")
    git("commit", "-qm", "tables")
    git("tag", tag)


CHANGED = {
    "code": {"code": "x = 3\n", "digest": "2"},
    "parameters": {"parameters": "lr: 1\n", "digest": "2"},
    "data": {"data": "d1", "digest": "2"},
    "machine": {"machine": "m1"},
}


@pytest.mark.parametrize("why", CHANGED)
def test_between_two_tags_every_kind_of_change_is_named_with_what_changed(why, here, capsys):
    tagged(here, "v2", *some("tet"), *some("stbp"), *some("sdt"), *some("gone"), digest="1")
    rows = [*some("tet", shift=0.1), *some("stbp"), *some("sdt", shift=0.000125), *some("come")]
    tagged(here, "v3", *rows, **({"digest": "1"} | CHANGED[why]))
    text = run(capsys, "compare", "v2", "v3")
    assert text.startswith("digits: 1 identical, 1 within, 1 moved, 1 appeared, 1 vanished\n")
    states = {method: state for method, (state, _) in told(text).items()}
    assert states == {"tet": "moved", "sdt": "within", "come": "appeared", "gone": "vanished"}
    assert {method: reason for method, (_, reason) in told(text).items()} == dict.fromkeys(states, why)


def test_an_experiment_of_one_tag_alone_is_named(here, capsys):
    tagged(here, "v2", *some("tet"))
    git("mv", "results/tables/digits", "results/tables/moved")
    git("commit", "-qm", "rename")
    text = run(capsys, "compare", "v2", "HEAD")
    assert "digits: only in v2" in text
    assert "moved: only in HEAD" in text


def test_the_page_holds_the_rows_of_the_terminal_and_of_markdown_and_asks_for_nothing_else(here, capsys):
    text = run(capsys, "compare", "v1", "--html", "changes.html")
    table = [
        line.split(" | ") for line in run(capsys, "compare", "v1", "--format", "markdown").splitlines() if "|" in line
    ]
    page = (here / "changes.html").read_text()
    cells = [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page)]
    assert [cell.strip("| ") for line in (table[0], *table[2:]) for cell in line] == cells
    assert set(told(text)) <= set(cells)
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!#|data:)", page)


def test_names_of_versions_are_text_in_the_page(here, tmp_path_factory, capsys):
    other = tmp_path_factory.mktemp("other") / "<b>"
    put(other, git("rev-parse", "HEAD"), *some("tet"))
    run(capsys, "compare", "v1", str(other), "--html", "changes.html")
    assert "<b>" not in (here / "changes.html").read_text()


def test_a_folder_is_compared_as_a_revision_is(here, tmp_path_factory, capsys):
    other = tmp_path_factory.mktemp("other")
    put(other, git("rev-parse", "HEAD~2"), *some("tet", shift=0.1), machine="m1", data="d1", digest="1")
    assert "data, machine" in run(capsys, "compare", "v1", str(other))
    assert "| method" in run(capsys, "compare", "v1", str(other), "--format", "markdown")


def test_what_is_not_changed_is_one_line(here, capsys):
    assert run(capsys, "compare", ".", ".") == "digits: 4 identical\n\n"


def test_check_compares_with_the_commit_and_its_exit_status_tells_whether_a_cell_moved(here, capsys):
    assert "1 moved" in run(capsys, "check", "--experiment", "digits", status=1)
    git("add", "-A")
    git("commit", "-qm", "new tables")
    told = run(capsys, "check", "--experiment", "digits")
    assert "identical" in told
    assert "nothing was computed here since" in told


def test_check_fails_nobody_whose_results_moved_within_their_intervals(here, capsys):
    git("add", "-A")
    git("commit", "-qm", "new tables")
    rows = [*some("tet", shift=0.1), *some("stbp", shift=0.000125), *some("sdt", shift=0.000125), *some("come")]
    put(here, git("rev-parse", "HEAD"), *rows, digest="1")
    text = run(capsys, "check", "--experiment", "digits")
    assert text.startswith("digits: 3 with equal outcomes, 1 within; columns that differ: ")
    assert "runs.csv.bz2: value_test differs in " in text


EPOCHS = "results/tables/digits/epochs.csv"
RUNS = "results/tables/digits/runs.csv.bz2"


@pytest.fixture
def committed(here):
    """The tables here are those of the commit, which has epochs, too."""
    names = {"dataset": "d", "network": "n", "method": "tet", "steps": 4, "lr": 0.1, "seed": 0}
    values = {"epoch_lr": 0.1, "loss": 0.5, "value_val": 90.0, "validation_loss": 0.4}
    stored.write_csv(here / EPOCHS, [{**names, "epoch": epoch, **values} for epoch in (1, 2)])
    git("add", "-A")
    git("commit", "-qm", "new tables")
    return here


def change(path, column, rows, value) -> None:
    table = pd.read_csv(path)
    table.loc[table.index[:rows], column] = value
    table.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("path", "column", "rows", "value", "by", "status"),
    [
        (RUNS, "acs", 3, 10.0, "in 3 of 20 rows, by 90 at most", 1),
        (RUNS, "spikes", 1, 10.001, "in 1 of 20 rows, by 0.001 at most", 1),
        (RUNS, "value_val", 1, 12.5, "in 1 of 20 rows, by 77.5 at most", 1),
        (RUNS, "value_test_last", 2, 12.5, "in 2 of 20 rows", 1),
        (RUNS, "status", 4, "diverged", "in 4 of 20 rows", 1),
        (RUNS, "epochs", 1, 10, "in 1 of 20 rows, by 1 at most", 0),
        (EPOCHS, "value_val", 1, 80.0, "in 1 of 2 rows, by 10 at most", 1),
        (EPOCHS, "loss", 2, 0.75, "in 2 of 2 rows, by 0.25 at most", 1),
    ],
)
def test_check_names_the_columns_that_differ_beside_equal_outcomes(
    path, column, rows, value, by, status, committed, capsys
):
    change(path, column, rows, value)
    text = run(capsys, "check", "--experiment", "digits", status=status)
    assert f"{path.rpartition('/')[2]}: {column} differs {by}\n" in text
    assert "identical" not in text


def test_check_calls_tables_identical_whatever_made_them(committed, capsys):
    change(RUNS, "digest", 20, "0123456789ab")
    change("results/tables/digits/costs.csv", "seconds", 20, 77.0)
    assert run(capsys, "check", "--experiment", "digits") == "digits: 4 identical\n\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("compare", "v7"), "v7: is neither a folder with results/tables nor a revision"),
        (("compare", "v1", "nowhere"), "nowhere: is neither"),
        (("compare", "v1", "--experiment", "hardware"), "has no tables in v1 and ."),
        (("check", "--experiment", "hardware"), "has no tables in the last commit"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(arguments, line, here, capsys):
    error = run(capsys, *arguments, status=2)
    assert line in error
    assert error.count("\n") == 1


def test_tables_of_older_code_are_not_compared_and_said_so(here, capsys):
    (here / "results/tables/digits/outcomes.safetensors").unlink()
    assert "digits: not compared; of the second one, outcomes.safetensors is missing" in run(capsys, "compare", "v1")


def test_a_table_is_read_as_it_was_written(here):
    assert pd.read_csv("results/tables/digits/runs.csv.bz2").value_test.max() > 1  # in percent
