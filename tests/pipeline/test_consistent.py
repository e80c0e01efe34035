"""A forgery with a forged stamp is refused by what the other tables, the plan and git say."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from snn.cli import claims, readme, share
from snn.cli.shown import Shown
from snn.core import files, stored
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.pipeline import consistent, execute, record, release, versions
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord
from snn.report.collect import Evaluated, Tuned
from tests.refusals import refused

NAME = "matched_norm"
FORGED = "deadbeef" * 5


def restamp(folder, digest=None):
    (old,) = folder.glob("*.stamp")
    old.unlink()
    kept = files.kept_in(folder)
    files.write_json(folder / f"{digest or old.stem}.stamp", {name: files.sha256(folder / name) for name in kept})


def edit(path, change):
    table = pd.read_csv(path)
    change(table)
    table.to_csv(path, index=False)


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    """Tables on record under the names that today's code gives their runs, so that they are not stale."""
    home = tmp_path_factory.mktemp("today")
    folder = home / "results/tables" / NAME
    shutil.copytree(ROOT / "results/tables" / NAME, folder)
    plan = Plan(NAME)
    sources: list[Evaluated | Tuned] = [*plan.collect.evaluated, *plan.collect.tuned]
    paths = [path for one in sources for path in one.folders]
    edit(folder / "costs.csv", lambda costs: costs.__setitem__("path", list(dict.fromkeys(map(str, paths)))))

    def rename(runs):
        names = dict(zip(runs.digest.unique(), (one.run.digest for one in plan.evaluations), strict=True))
        runs["digest"] = runs.digest.map(names)

    edit(folder / "runs.csv.bz2", rename)
    restamp(folder, plan.collect.digest)
    return home


@pytest.fixture
def tables(today, tmp_path, monkeypatch):
    shutil.copytree(today, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return TablesOnRecord(NAME)


def forge(table, column, change, where="method == 'tet' and condition == 'clean'"):
    """Change a column of some rows, 'seed 0' or all."""

    def forged(folder):
        def of(rows):
            chosen = rows.query(where).index
            rows.loc[chosen, column] = [change(value) for value in rows.loc[chosen, column]]

        edit(folder / table, of)

    return forged


def half_the_outcomes(folder):
    tensors, document = stored.read_tensors(folder / "outcomes.safetensors", "")
    stored.write_tensors(folder / "outcomes.safetensors", {"outcomes": tensors["outcomes"] & 0x55}, document)


def lose_the_last_run(folder):
    """Nothing of it is left in any table."""
    runs = pd.read_csv(folder / "runs.csv.bz2")
    of_it = runs.digest == runs.digest.iloc[-1]
    method, seed = runs.method.iloc[-1], runs.seed.iloc[-1]
    tensors, document = stored.read_tensors(folder / "outcomes.safetensors", "")
    kept = np.ascontiguousarray(tensors["outcomes"][~of_it.to_numpy()])
    stored.write_tensors(folder / "outcomes.safetensors", {"outcomes": kept}, document)
    runs[~of_it].to_csv(folder / "runs.csv.bz2", index=False)
    for name in ("layers", "epochs", "traces"):
        rows = pd.read_csv(folder / f"{name}.csv")
        rows[(rows.method != method) | (rows.seed != seed)].to_csv(folder / f"{name}.csv", index=False)


RUNS = "runs.csv.bz2"
EVERY = "seed == seed"
SWAPPED = {"tet": "stbp", "stbp": "tet"}
FORGERIES = {
    "a value": (forge(RUNS, "value_test", lambda value: 99.9), RUNS, "value_test is 99.9"),
    "a digit of a value": (forge(RUNS, "value_test", lambda value: value + 1e-6), RUNS, "value_test"),
    "an error": (forge(RUNS, "sampling_error", lambda value: value / 2), RUNS, "sampling_error"),
    "a number of samples": (forge(RUNS, "samples_test", lambda value: value + 1), RUNS, "samples_test"),
    "outcomes": (half_the_outcomes, RUNS, "value_test"),
    "accumulates": (forge(RUNS, "acs", lambda value: value / 10), RUNS, "acs"),
    "multiplications": (forge(RUNS, "macs_once", lambda value: value + 1), RUNS, "macs_once"),
    "spikes": (forge(RUNS, "spikes", lambda value: 1.0), RUNS, "sparsity"),
    "a validation value": (forge(RUNS, "value_val", lambda value: 99.9), RUNS, "value_val is 99.9"),
    "operations of layers": (forge("layers.csv", "acs", lambda value: value / 10, "layer == 2"), RUNS, "layers.csv"),
    "a layer of no run": (forge("layers.csv", "seed", lambda value: 77, "seed == 1"), "layers.csv", "seed 77"),
    "a validation value of epochs": (forge("epochs.csv", "value_val", lambda value: 99.9, EVERY), RUNS, "no epoch"),
    "seeds": (forge(RUNS, "seed", lambda seed: seed + 10, EVERY), "layers.csv", "seed 0"),
    "the digest of a run": (forge(RUNS, "digest", lambda digest: "0123456789ab"), RUNS, "0123456789ab"),
    "methods": (forge(RUNS, "method", lambda name: SWAPPED.get(name, name), EVERY), "layers.csv", "stbp"),
    "a folder": (forge("costs.csv", "path", lambda path: f"{path}0", "index == 5"), "costs.csv", "line 7"),
    "a metric": (forge(RUNS, "metric", lambda name: "luck", EVERY), RUNS, "luck"),
    "a run less": (lose_the_last_run, RUNS, "planned"),
}


def test_tables_of_today_agree(tables):
    assert not tables.runs_are_stale
    tables.refuse_inconsistent()


@pytest.mark.parametrize(("forged", "where", "fact"), FORGERIES.values(), ids=FORGERIES)
def test_a_forged_table_with_a_forged_stamp_is_refused_in_a_line_that_names_file_and_value(forged, where, fact, tables):
    forged(tables.tables)
    restamp(tables.tables)
    with refused(tables.tables / where, fact):
        tables.refuse_inconsistent()


def swap_everywhere(folder):
    """Two methods change their names in all tables, which then agree among each other."""
    for name in (RUNS, "layers.csv", "epochs.csv"):
        forge(name, "method", lambda method: SWAPPED.get(method, method), EVERY)(folder)
    swapped = {f"/{old}/": f"/{new}/" for old, new in SWAPPED.items()}
    other = re.compile("|".join(swapped))
    forge("costs.csv", "path", lambda path: other.sub(lambda found: swapped[found[0]], path), "index >= 0")(folder)


def test_tables_that_agree_are_refused_if_their_runs_are_not_those_planned_unless_they_are_stale(tables):
    swap_everywhere(tables.tables)
    restamp(tables.tables, "0123456789ab")
    TablesOnRecord(NAME).refuse_inconsistent()
    restamp(tables.tables, Plan(NAME).collect.digest)
    with refused(tables.tables / "costs.csv", "planned"):
        TablesOnRecord(NAME).refuse_inconsistent()


def test_a_table_that_its_stamp_does_not_prove_is_refused_first(tables):
    forge(RUNS, "value_test", lambda value: 99.9)(tables.tables)
    with refused(tables.tables / RUNS):
        tables.refuse_inconsistent()


COMMANDS = {
    "release": lambda: versions.release("9.9.9", [NAME], ""),
    "release to a remote": lambda: release.release(NAME, "remote"),
    "readme": readme.readme,
    "claims": claims.claims,
    "share": lambda: share.share(NAME, Path("shared")),
    "page": lambda: execute.page_from_tables(NAME),
    "report": lambda: execute.report_from_tables(NAME),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_shows_or_releases_tables_refuses_a_forgery_with_a_forged_stamp(command, tables, monkeypatch):
    """Everything beside is as if it were in order."""
    forge(RUNS, "value_test", lambda value: 99.9)(tables.tables)
    restamp(tables.tables)
    git("init", "-q")
    for name in ("user.name", "user.email"):
        git("config", name, "a@b")
    Path("CHANGELOG.md").write_text("## Unreleased\n\n- A rule.\n")
    Path(".gitignore").write_text(".dvc/\n")
    shutil.copytree(ROOT / "results/report" / NAME, tables.report)
    git("add", "-A")
    git("commit", "-qm", "forged")
    monkeypatch.setattr(TablesOnRecord, "refuse_unknown_commits", lambda self: None)
    monkeypatch.setattr(TablesOnRecord, "stale", [])
    monkeypatch.setattr(release, "results", lambda plan: [])
    monkeypatch.setattr(release, "refuse_due", lambda jobs, remedy: None)
    monkeypatch.setattr(readme, "on_record", lambda: Shown({NAME: tables}))
    with refused(tables.tables / RUNS, "value_test is 99.9"):
        COMMANDS[command]()
    assert git("tag") == git("status", "--porcelain") == ""


@pytest.mark.parametrize("table", [RUNS, "layers.csv", "epochs.csv", "costs.csv"])
def test_tables_of_older_code_are_compared_as_far_as_they_go(table, tables):
    """That a column is missing is told by whatever reads it."""
    for column in pd.read_csv(tables.tables / table, nrows=0).columns:
        before = (tables.tables / table).read_bytes()
        edit(tables.tables / table, lambda rows, column=column: rows.pop(column))
        consistent.check(tables.tables, "")
        (tables.tables / table).write_bytes(before)


def git(*arguments, cwd="."):
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", *name, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_commit_that_is_not_there_is_refused_in_a_clone_that_should_have_it(tables, tmp_path, monkeypatch):
    costs = tables.tables / "costs.csv"
    forge("costs.csv", "commit", lambda commit: FORGED, "index >= 3")(tables.tables)
    TablesOnRecord(NAME).refuse_unknown_commits()  # outside of git
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    forge("costs.csv", "commit", lambda commit: git("rev-parse", "HEAD"), "index < 3")(tables.tables)
    with refused(costs, FORGED, "line 5"):
        TablesOnRecord(NAME).refuse_unknown_commits()
    forge("costs.csv", "commit", lambda commit: "HEAD", "index >= 3")(tables.tables)
    with refused(costs, "HEAD", "line 5"):
        TablesOnRecord(NAME).refuse_unknown_commits()
    forge("costs.csv", "commit", lambda commit: git("rev-parse", "HEAD"), "index >= 3")(tables.tables)
    TablesOnRecord(NAME).refuse_unknown_commits()

    forge("costs.csv", "commit", lambda commit: FORGED, "index >= 3")(tables.tables)
    git("commit", "-qam", "second")
    git("clone", "-q", "--depth", "1", tmp_path.as_uri(), "shallow")
    monkeypatch.chdir("shallow")
    TablesOnRecord(NAME).refuse_unknown_commits()


@pytest.mark.parametrize("name", record.names())
def test_the_tables_on_record_agree_with_each_other_and_with_git(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = TablesOnRecord(name)
    found.refuse_inconsistent()
    found.refuse_unknown_commits()


def test_a_refusal_of_a_value_names_line_method_condition_and_seed(tables):
    forge(RUNS, "value_test", lambda value: 99.9, "method == 'tet' and condition == 'int8' and seed == 3")(
        tables.tables
    )
    restamp(tables.tables)
    with pytest.raises(InputError, match=r"line \d+ \(tet, int8, seed 3\): value_test is 99.9, which is \d"):
        tables.refuse_inconsistent()
