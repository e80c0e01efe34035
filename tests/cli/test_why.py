"""The cause of each job that is due, in a repository whose results are made up: parameters and commits alone."""

import csv
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees
from tests.trees import edit

pytestmark = pytest.mark.workflow
FAKE = """
import json, sys
from snn.pipeline.plan import Plan
for job in Plan("smoke").jobs.values():
    for path in job.outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if (job.folder / "params.json").exists():
        document = {"stage": job.stage, "digest": job.digest, **job.document}
        (job.folder / "params.json").write_text(json.dumps(document))
        (job.folder / "provenance.json").write_text(json.dumps({"commit": sys.argv[1]}))
"""


def git(tree: Path, *arguments: str) -> str:
    own = ("-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *own, *arguments], cwd=tree, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    tree = trees.plant(tmp_path_factory.mktemp("why") / "tree")
    (tree / ".gitignore").write_text("/results/\n/data/\n__pycache__/\n")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "all")
    git(tree, "gc", "-q")  # one file to copy instead of hundreds
    trees.run(tree, "-c", FAKE, git(tree, "rev-parse", "HEAD").strip())
    return tree


@pytest.fixture
def tree(made, tmp_path) -> Iterator[Path]:
    with trees.copied(made, tmp_path / "tree") as tree:
        yield tree


def causes(tree: Path, experiment: str = "smoke") -> dict[str, str]:
    """The causes that the command prints, by job."""
    lines = trees.run(tree, "-m", "snn", "plan", "--experiment", experiment, "--why", status=1).stdout.splitlines()
    start, end = lines[0].index("time"), lines[0].index("why")
    table = lines[1 : next(i for i, line in enumerate(lines) if line.startswith(("about", "at least")))]
    return {line[:start].strip(): line[end:] for line in table}


def test_an_edited_rule_is_named_and_its_chips_have_it_as_their_parent(tree):
    edit(tree / "snn/rules/tet.py", "(1 - lam) *", "(1.0 - lam) *")
    edit(tree / "snn/rules/stbp.py", '"""', '"""Edited. ')  # which changes nothing
    found = causes(tree)
    assert found.pop("train tet s0") == "code: snn/rules/tet.py"
    assert found.pop("calibrate tet s0 mismatch") == "parent: train tet s0"
    assert set(found) == {"test tet s0", "collect", "report", "page"}
    assert found["collect"] == "parent: test tet s0"


def test_an_edited_source_in_c_is_named(tree):
    edit(tree / "snn/model/native.c", "#include ", "#define EDITED\n#include ")
    assert causes(tree)["train tet s0"] == "code: snn/model/native.c"


def test_another_value_of_a_parameter_is_told_with_the_one_before(tree):
    edit(tree / "params/experiments/smoke.yaml", "tet: {training: {epochs: 1}}", "tet: {training: {epochs: 3}}")
    assert causes(tree)["train tet s0"] == "parameter: method.training.epochs 1 -> 3"


def test_a_seed_and_a_method_that_were_not_there_are_new(tree):
    edit(tree / "params/experiments/smoke.yaml", "seeds: [0]", "seeds: [0, 7]")
    edit(tree / "params/experiments/smoke.yaml", "methods: [stbp,", "methods: [sdt, stbp,")
    found = causes(tree)
    assert found["train tet s7"] == "new: seed 7"
    assert found["train sdt s0"] == "new: method sdt, T 4"


def test_a_result_on_record_is_told_from_one_that_was_made_by_other_code(tree):
    (run,) = tree.glob("results/runs/digits/digits_cnn/tet/T4/s0-*")
    table = tree / "results/tables/smoke/costs.csv"
    for path, cause in (
        (run.relative_to(tree), "is on record, but not here"),
        (f"{run.relative_to(tree).parent}/s0-{'0' * 12}", "parameter: params/methods/tet.yaml"),
    ):
        with table.open("w", newline="") as file:
            rows = [["path", "commit"], [path, json.loads((made_by(tree)).read_text())["commit"]]]
            csv.writer(file).writerows(rows)
        shutil.rmtree(run, ignore_errors=True)
        edit(tree / "params/methods/tet.yaml", "source: >-", "source: >-\n  Edited.")
        assert causes(tree)["train tet s0"] == cause


def record(tree: Path) -> None:
    """Leave the results of smoke to its table on record alone."""
    commit = json.loads(made_by(tree).read_text())["commit"]
    folders = [path.parent.relative_to(tree) for path in (tree / "results/runs").rglob("params.json")]
    with (tree / "results/tables/smoke/costs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "commit"], *([folder, commit] for folder in folders)])
    shutil.rmtree(tree / "results/runs")


def test_runs_of_a_new_experiment_are_new_though_another_one_on_record_has_such_runs_of_older_code(tree):
    record(tree)
    edit(tree / "snn/rules/tet.py", "(1 - lam) *", "(1.0 - lam) *")
    changes = "seeds: [0, 7]\noverrides: {tet: {training: {epochs: 3}}}\nsteps_eval: [2]\n"
    (tree / "params/experiments/mine.yaml").write_text(f"source: mine\nbase: smoke\n{changes}")
    found = causes(tree, "mine")
    assert found["train tet s0"] == "new: no run yet with method.training.epochs 3 (1 in smoke)"
    assert found["test stbp s0"].startswith("new: no test yet with steps_eval [2] ([] in smoke)")
    assert found["train tet s7"] == "new: seed 7"
    assert found["train stbp s0"] == "is on record, but not here"
    assert causes(tree)["train tet s0"] == "code: snn/rules/tet.py"


def made_by(tree: Path) -> Path:
    """The provenance of a result that stays."""
    return next(tree.glob("results/runs/digits/digits_cnn/stbp/T4/s0-*/provenance.json"))


def test_an_interrupted_training_resumes(tree):
    (run,) = tree.glob("results/runs/digits/digits_cnn/tet/T4/s0-*")
    for result in (run / "net.safetensors", *run.glob("rows/*/rows.csv")):
        result.unlink()
    (run / "resume.safetensors").touch()
    assert causes(tree)["train tet s0"] == "was interrupted, and resumes"


def test_without_git_the_cause_is_not_guessed(tree):
    shutil.rmtree(tree / ".git")
    edit(tree / "snn/rules/tet.py", "(1 - lam) *", "(1.0 - lam) *")
    assert causes(tree)["train tet s0"] == "code, or a file that it reads"
