"""Who made a result: what a tree holds that its commit does not."""

import subprocess

import pytest

from snn.pipeline import provenance

TRACKED = ("snn/rules/a.py", "params/methods/a.yaml", "workflow/rules/a.smk", "Snakefile", "README.md")


def git(tree, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", tree, *identity, *arguments], check=True, capture_output=True)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small repository, all of it committed."""
    for name in (*TRACKED, "results/tables/a/costs.csv"):
        write(tmp_path / name, "a\n")
    write(tmp_path / ".gitignore", "__pycache__/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    return tmp_path


def test_a_committed_tree_is_not_dirty(tree):
    assert not provenance.current()["dirty"]


@pytest.mark.parametrize("name", TRACKED)
def test_a_changed_file_makes_a_tree_dirty(name, tree):
    write(tree / name, "b\n")
    assert provenance.current()["dirty"]


@pytest.mark.parametrize("name", ["snn/rules/b.py", "params/methods/b.yaml", "workflow/rules/b.smk"])
def test_untracked_code_and_parameters_make_a_tree_dirty(name, tree):
    write(tree / name, "b\n")
    assert provenance.current()["dirty"]


def test_an_untracked_snakefile_makes_a_tree_dirty(tree):
    git(tree, "rm", "--quiet", "Snakefile")
    git(tree, "commit", "--quiet", "--message", "no Snakefile")
    write(tree / "Snakefile", "b\n")
    assert provenance.current()["dirty"]


@pytest.mark.parametrize("name", ["notes.txt", "tests/test_b.py", "data/prepared/b/c", "snn/__pycache__/b.pyc"])
def test_other_untracked_files_and_ignored_ones_leave_a_tree_clean(name, tree):
    write(tree / name, "b\n")
    assert not provenance.current()["dirty"]


@pytest.mark.parametrize("name", ["results/tables/a/costs.csv", "results/tables/b/costs.csv"])
def test_results_leave_a_tree_clean(name, tree):
    write(tree / name, "b\n")
    assert not provenance.current()["dirty"]
