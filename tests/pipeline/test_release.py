"""Release to a directory, fetch into a fresh clone, and everything that must be refused; adoption after a refactor.

One experiment of two networks is computed once; every test has a clone of its own.
"""

import bz2
import csv
import json
import shutil
from pathlib import Path

import pytest

from tests import releases
from tests.releases import TINY, added, commit, compute, due, flip, listed, one, refused, run, snn, stored

pytestmark = pytest.mark.workflow

POINTERS = ("results/released/tiny.dvc", "results/released/tiny.csv")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return releases.publish(tmp_path_factory.mktemp("release"))


@pytest.fixture
def clone(home, tmp_path):
    """A fresh clone, with nothing but what git holds."""
    run(tmp_path, "git", "clone", "--quiet", str(home / "origin"), "clone")
    return tmp_path / "clone"


@pytest.fixture
def computed(home, tmp_path):
    """A copy of where the experiment was computed."""
    return shutil.copytree(home / "origin", tmp_path / "computed", symlinks=True)


def fetch(home):
    return ("fetch", "--experiment", "tiny", "--remote", home / "remote")


def test_a_release_commits_pointers_and_tables_and_tracks_nothing_else(home):
    origin = home / "origin"
    assert run(origin, "git", "status", "--porcelain") == ""
    committed = run(origin, "git", "ls-files").split()
    assert set(POINTERS) <= set(committed)
    assert not [name for name in committed if name.startswith(("data/prepared/", "results/runs/"))]
    assert (origin / "results/runs/digits/stray/net.safetensors").exists()
    assert not (origin / ".dvc/config.local").exists()
    assert not list((origin / ".dvc/tmp").glob("remote.*"))


def test_fetch_computes_tables_and_report_alone_and_they_must_be_those_committed(home, clone):
    assert len(due(clone)) == 6
    snn(clone, *fetch(home))
    assert due(clone) == []
    assert sorted(path.name for path in (clone / "logs").rglob("*.log")) == ["collect.log", "page.log", "report.log"]
    assert run(clone, "git", "status", "--porcelain") == ""
    assert not [name for name in listed(clone) if "stray" in name]

    table = clone / "results/tables/tiny/runs.csv.bz2"
    table.write_bytes(bz2.compress(bz2.decompress(table.read_bytes()).replace(b"0.", b"0.9", 1)))
    commit(clone, "improve the results")
    assert refused(clone, *fetch(home)).startswith("error: results/tables/tiny/runs.csv.bz2: ")


@pytest.mark.long
def test_fetch_brings_no_results_of_other_parameters_or_code(home, clone):
    snn(clone, *fetch(home))
    experiment = clone / "params/experiments/tiny.yaml"
    experiment.write_text(TINY.replace("stbp: {training: {epochs: 1}", "stbp: {training: {epochs: 2}"))
    affected = due(clone)
    assert len(affected) == 3
    assert all("/stbp/" in folder for folder in affected)
    assert refused(clone, *fetch(home)).startswith(tuple(f"error: {folder}: " for folder in affected))

    run(clone, "git", "checkout", "--quiet", str(experiment))
    loop = clone / "snn/training/loop.py"
    loop.write_text(loop.read_text().replace("optimise.step(optimiser, lr)", "optimise.step(optimiser, 2 * lr)"))
    assert len(affected := due(clone)) == 5
    assert refused(clone, *fetch(home)).startswith(tuple(f"error: {folder}: " for folder in affected))


@pytest.mark.long
def test_a_table_that_was_taken_out_of_git_comes_by_fetch_and_is_proven(home, clone):
    table = clone / "results/tables/tiny/traces.csv"
    before = table.read_bytes()
    (table.parent / ".gitignore").write_text(f"{table.name}\n")
    run(clone, "git", "rm", "--quiet", "--cached", table)
    commit(clone, "Leave a bulky table to the remote")
    run(clone.parent, "git", "clone", "--quiet", str(clone), "slim")
    table = clone.parent / "slim/results/tables/tiny/traces.csv"
    assert not table.exists()
    assert refused(clone.parent / "slim", "page", "tiny").endswith("; make fetch EXPERIMENT=tiny")
    snn(clone.parent / "slim", *fetch(home))
    assert table.read_bytes() == before
    table.write_bytes(before + b"\n")
    assert refused(clone.parent / "slim", *fetch(home)).startswith("error: results/tables/tiny/traces.csv: ")


@pytest.mark.long
def test_the_line_that_release_prints_adds_tables_that_git_ignores(home, computed):
    with (computed / ".gitignore").open("a") as ignored:
        ignored.write("/results/tables/tiny/\n/results/report/tiny/\n")
    run(computed, "git", "rm", "-r", "--quiet", "--cached", "results/tables/tiny", "results/report/tiny")
    commit(computed, "Keep tables out of git, as those of smoke")
    run(computed, "git", "add", *added(snn(computed, "release", "--experiment", "tiny", "--remote", home / "remote")))
    assert "results/tables/tiny/costs.csv" in run(computed, "git", "diff", "--cached", "--name-only").split()


def test_fetch_refuses_what_the_remote_has_damaged(home, clone):
    weights = one(home / "origin", "results/runs/digits/digits_cnn/stbp/T2/*/net.safetensors")
    damaged = stored(weights, home / "remote")
    flip(damaged)
    try:
        line = refused(clone, *fetch(home))
    finally:
        flip(damaged)
    assert line.startswith(f"error: {weights.relative_to(home / 'origin')}: ")
    assert not (clone / weights.relative_to(home / "origin")).exists()


def test_a_flipped_byte_in_a_run_is_refused_by_name(home, computed):
    weights = one(computed, "results/runs/digits/digits_cnn/stbp/T2/*/net.safetensors")
    flip(weights)
    for command in (fetch(home), ("release", "--experiment", "tiny", "--remote", home / "other")):
        assert refused(computed, *command).startswith(f"error: {weights.relative_to(computed)}: ")
    assert not (home / "other").exists()


def test_fetch_overwrites_no_run_that_was_made_here(home, computed):
    folder = one(computed, "results/runs/digits/digits_cnn/stbp/T2/*")
    provenance = folder / "provenance.json"
    provenance.write_text(provenance.read_text() + "\n")
    sums = json.loads((folder / "sha256.json").read_text())
    sums["provenance.json"] = run(computed, "sha256sum", provenance).split()[0]
    (folder / "sha256.json").write_text(json.dumps(sums))
    before = provenance.read_text()
    line = refused(computed, *fetch(home))
    assert line.startswith(f"error: {folder.relative_to(computed)}: ")
    assert "git worktree add" in line.partition("; ")[2]
    assert provenance.read_text() == before


def test_release_refuses_what_is_due(home, clone):
    (line,) = snn(clone, "release", "--experiment", "tiny", "--remote", home / "other", status=2).splitlines()
    assert line.startswith("error: data/prepared/digits/")
    assert "(and 5 more)" in line
    assert line.endswith("; make reproduce EXPERIMENT=tiny")
    assert not (home / "other").exists()


def test_release_refuses_tables_with_two_stamps(home, computed):
    stamp = one(computed, "results/tables/tiny/*.stamp")
    shutil.copy(stamp, stamp.with_name("0123456789ab.stamp"))
    line = refused(computed, "release", "--experiment", "tiny", "--remote", home / "other")
    assert line.startswith("error: results/tables/tiny: ")
    assert not (home / "other").exists()


@pytest.mark.long
def test_release_refuses_what_uncommitted_code_made(home, computed):
    folders = one(computed, "results/runs/digits/digits_cnn/stbp/T2/*/rows/*"), computed / "results/tables/tiny"
    untracked = computed / "params/methods/tried.yaml"
    untracked.write_text("base: stbp\nsource: a test\n")
    for folder in folders:
        shutil.rmtree(folder)
    compute(computed, "tiny")
    line = refused(computed, "release", "--experiment", "tiny", "--remote", home / "other")
    assert line.startswith("error: results/tables/tiny/costs.csv: ")
    assert not (home / "other").exists()

    untracked.unlink()
    for folder in folders:
        shutil.rmtree(folder)
    compute(computed, "tiny")
    snn(computed, "release", "--experiment", "tiny", "--remote", home / "other")


def test_a_push_that_fails_leaves_no_pointer(home, computed):
    run(computed, "git", "rm", "--quiet", *POINTERS)
    (computed.parent / "full").write_text("no folder")
    refused(computed, "release", "--experiment", "tiny", "--remote", computed.parent / "full/remote")
    assert not [pointer for pointer in POINTERS if (computed / pointer).exists()]
    assert not list((computed / ".dvc/tmp").glob("remote.*"))


@pytest.mark.long
def test_adopt_renames_after_a_refactor_and_nothing_else(home, computed):
    old = one(computed, "results/runs/digits/digits_cnn/stbp/T2/*")
    rows = one(old, "rows/*/rows.csv").read_text()
    source = computed / "snn/training/loop.py"
    code = source.read_text()
    source.write_text(code.replace("optimise.step(optimiser, lr)", "optimise.step(optimiser, 2 * lr)"))
    assert refused(computed, "adopt", "--experiment", "tiny").startswith("error: tests/test_golden.py: ")

    source.write_text(code.replace("total", "total_loss"))
    affected = due(computed)
    assert len(affected) == 5  # two runs and what depends on them

    golden = computed / "tests/golden/losses.json"
    golden.write_text(golden.read_text() + "\n")
    assert refused(computed, "adopt", "--experiment", "tiny").startswith("error: tests/golden/losses.json: ")
    assert due(computed) == affected
    run(computed, "git", "checkout", "--quiet", "tests/golden")

    snn(computed, "adopt", "--experiment", "tiny")
    assert due(computed) == []
    assert not old.exists()
    new = one(computed, "results/runs/digits/digits_cnn/stbp/T2/*")
    assert one(new, "rows/*/rows.csv").read_text() == rows.replace(old.name[-12:], new.name[-12:])
    provenance = json.loads((new / "provenance.json").read_text())
    assert [earlier["folder"] for earlier in provenance["adopted_from"]] == [str(old.relative_to(computed))]
    compute(computed, "tiny")
    with bz2.open(computed / "results/tables/tiny/runs.csv.bz2", "rt") as file:
        assert {row["digest"] for row in csv.DictReader(file)} <= {Path(name).name[-12:] for name in affected}
