"""Who made a result: what a tree holds that its commit does not."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import machinery

import pytest
import torch

from snn.core import files
from snn.model.neuron import name_of
from snn.pipeline import provenance, results
from snn.pipeline.job import Job

CODE = ("snn/rules/a.py", "params/methods/a.yaml", "workflow/rules/a.smk", "Snakefile", "a.py", "a/__init__.py")
OTHERS = ("README.md", "tests/test_a.py", "data/prepared/a.dvc")


def git(tree, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", tree, *identity, *arguments], check=True, capture_output=True)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small repository, all of it committed."""
    for name in (*CODE, *OTHERS, "results/tables/a/costs.csv"):
        write(tmp_path / name, "a\n")
    write(tmp_path / ".gitignore", "__pycache__/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    return tmp_path


def test_a_committed_tree_is_not_dirty(tree):
    assert not provenance.current()["dirty"]


@pytest.mark.parametrize("name", CODE)
def test_changed_code_makes_a_tree_dirty(name, tree):
    write(tree / name, "b\n")
    assert provenance.current()["dirty"]


@pytest.mark.parametrize("name", OTHERS)
def test_a_changed_file_that_no_job_reads_as_code_leaves_a_tree_clean(name, tree):
    write(tree / name, "b\n")
    assert not provenance.current()["dirty"]


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("name", CODE)
def test_code_that_git_is_told_not_to_look_at_makes_a_tree_dirty(name, mark, tree):
    git(tree, "update-index", mark, name)
    assert provenance.current()["dirty"]


@pytest.mark.parametrize(
    "name", ["tqdm.py", "tqdm/__init__.py", "tqdm.pyc", f"tqdm{machinery.EXTENSION_SUFFIXES[0]}", "[a].py"]
)
def test_an_untracked_module_in_the_root_makes_a_tree_dirty(name, tree):
    write(tree / ".git/info/exclude", "*.pyc\n*.so\n")
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


def test_code_that_git_ignores_makes_a_tree_dirty(tree):
    write(tree / ".git/info/exclude", "b.py\n")
    write(tree / "snn/rules/b.py", "b\n")
    assert provenance.current()["dirty"]


@pytest.mark.parametrize(
    ("variable", "value"), [("GIT_DIR", "/nonexistent"), ("PATH", "/nonexistent")], ids=["no repository", "no git"]
)
def test_a_tree_of_which_git_tells_nothing_is_dirty(variable, value, tree, monkeypatch):
    monkeypatch.setenv(variable, value)
    made = provenance.current()
    assert (made["commit"], made["dirty"]) == ("unknown", True)


@pytest.mark.parametrize(
    "name", ["notes.txt", "tests/test_b.py", "data/prepared/b/c", "b/b.py", "snn/__pycache__/b.pyc"]
)
def test_other_untracked_files_and_byte_code_leave_a_tree_clean(name, tree):
    write(tree / name, "b\n")
    assert not provenance.current()["dirty"]


@pytest.mark.parametrize("name", ["results/tables/a/costs.csv", "results/tables/b/costs.csv"])
def test_results_leave_a_tree_clean(name, tree):
    write(tree / name, "b\n")
    assert not provenance.current()["dirty"]


@dataclass(frozen=True, eq=False)
class Made(Job):
    """A result of one empty file."""

    stage = "made"
    results = ("a.csv",)
    name: str
    parent: Job | None = None
    meanwhile: Callable[[], None] = lambda: None

    @property
    def parents(self):
        return {"parent": self.parent} if self.parent else {}

    @property
    def document(self):
        return {"name": self.name}

    @property
    def modules(self):
        return ()

    @property
    def place(self):
        return f"results/{self.name}/*"

    def make(self, out, observer):
        out.mkdir(parents=True)
        (out / "a.csv").touch()
        results.finish(self, out, lambda: self.meanwhile() or {})


def test_what_is_made_from_a_dirty_result_is_dirty_though_the_tree_is_clean(tree, monkeypatch):
    monkeypatch.chdir(tree)
    first = Made("first")
    jobs = [first, second := Made("second", first), Made("third", second)]
    write(tree / "snn/rules/b.py", "b\n")
    for job in jobs:
        job.make(job.folder / ".partial", None)
        (tree / "snn/rules/b.py").unlink(missing_ok=True)
    assert not provenance.current()["dirty"]
    assert [files.read_json(job.folder / "provenance.json", "")["dirty"] for job in jobs] == [True, True, True]


def edit(tree):
    write(tree / "snn/rules/a.py", "b\n")


def edit_back(tree):
    git(tree, "checkout", "--", "snn/rules/a.py")


def commit(tree):
    write(tree / "snn/rules/a.py", "c\n")
    git(tree, "commit", "--quiet", "--all", "--message", "other code")


@pytest.mark.parametrize(("before", "meanwhile"), [(None, edit), (edit, edit_back), (None, commit)])
def test_what_is_made_while_the_code_changes_is_dirty_and_of_the_commit_it_began_with(
    before, meanwhile, tree, monkeypatch
):
    monkeypatch.chdir(tree)
    if before:
        before(tree)
    began = provenance.current()["commit"]
    job = Made("first", meanwhile=lambda: meanwhile(tree))
    job.make(job.folder / ".partial", None)
    made = files.read_json(job.folder / "provenance.json", "")
    assert (made["commit"], made["dirty"]) == (began, True)


def test_what_is_made_from_clean_results_in_a_clean_tree_is_clean(tree, monkeypatch):
    monkeypatch.chdir(tree)
    for job in (first := Made("first"), Made("second", first)):
        job.make(job.folder / ".partial", None)
        assert not files.read_json(job.folder / "provenance.json", "")["dirty"]


def test_provenance_names_the_form_of_the_neuron_where_one_may_run(tree, monkeypatch):
    monkeypatch.chdir(tree)
    job = Made(name="a")
    job.folder.mkdir(parents=True)
    for device in ("cpu", torch.device("cpu")):
        (tree / "out").mkdir(exist_ok=True)
        (tree / "out" / "a.csv").touch()
        results.finish(job, tree / "out", dict, device)
        made = json.loads((job.folder / "provenance.json").read_text())
        assert made.get("arithmetic", {}).get("neuron") == (None if device == "cpu" else name_of(device))


def test_what_decides_the_last_bits_is_recorded_and_told_in_a_line_without_the_host(monkeypatch):
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    plain = provenance.arithmetic(torch.device("cpu"))
    assert plain["instructions"] == torch.backends.cpu.get_cpu_capability()
    assert plain["threads"] == torch.get_num_threads()
    assert plain["neuron"] in ("c", "torch")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    pinned = provenance.arithmetic(torch.device("cpu"))
    assert provenance.machine(pinned) != provenance.machine(plain)
    assert provenance.machine(plain) == provenance.machine({**plain, "host": "another"})
    for other in (
        {"processor": "x"},
        {"instructions": "x"},
        {"onednn": None},
        {"blas": "x"},
        {"threads": 0},
        {"neuron": "x"},
    ):
        assert provenance.machine({**plain, **other}) != provenance.machine(plain)
