"""A module that moves makes nothing due; an import that is rebound makes due what depends on it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import trees

pytestmark = pytest.mark.workflow

NAMES = """
from snn.pipeline.plan import Plan
plan = Plan("digits")
for job in plan.jobs.values():
    print(job.stage, job.digest)
"""


def digests(tree: Path) -> dict[str, set[str]]:
    """What names the jobs of `digits` in a tree, by stage."""
    found: dict[str, set[str]] = {}
    for line in trees.run(tree, "-c", NAMES).stdout.splitlines():
        stage, digest = line.split()
        found.setdefault(stage, set()).add(digest)
    return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Path:
    """A tree that nobody changes."""
    return trees.plant(tmp_path_factory.mktemp("before") / "tree")


@pytest.fixture(scope="module")
def before(planted) -> dict[str, set[str]]:
    """What names the jobs in it, wherever it is."""
    return digests(planted)


@pytest.fixture
def tree(planted, tmp_path) -> Iterator[Path]:
    with trees.copied(planted, tmp_path / "a tree") as tree:
        yield tree


def move(tree: Path, old: str, new: str) -> None:
    """Move a module and rewrite every import of it, as a refactoring tool does."""
    source, target = (tree / "snn" / (module.replace(".", "/") + ".py") for module in (old, new))
    target.parent.mkdir(exist_ok=True)
    if not (target.parent / "__init__.py").exists():
        (target.parent / "__init__.py").touch()
    source.rename(target)
    for path in (tree / "snn").rglob("*.py"):
        before = path.read_text()
        text = re.sub(rf"\bsnn\.{re.escape(old)}\b", f"snn.{new}", before)
        text = imported_from(text, *old.split("."), *new.split("."))
        if text != before:
            trees.write(path, text)


def imported_from(text: str, package: str, name: str, new_package: str, new_name: str) -> str:
    """A source text in which `from snn.package import name` imports the module from its new place."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)) if f"from snn.{package} import" in text else ():
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == f"snn.{package}"
            and name in {a.name for a in node.names}
        ):
            kept = [alias for alias in node.names if alias.name != name]
            (moved,) = (alias for alias in node.names if alias.name == name)
            found = [ast.ImportFrom(f"snn.{new_package}", [ast.alias(new_name, moved.asname or name)], 0)]
            found += [ast.ImportFrom(node.module, kept, 0)] if kept else []
            lines[node.lineno - 1] = " " * node.col_offset + "; ".join(map(ast.unparse, found))
            lines[node.lineno : node.end_lineno] = [""] * (node.end_lineno - node.lineno)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("model.neuron", "model.cells"),
        ("energy.counter", "evaluation.operations"),
        *(
            pytest.param(*pair, marks=pytest.mark.long)
            for pair in (
                ("training.optimiser", "core.updates"),
                ("report.intervals", "core.tests"),
                ("hardware.foundry", "hardware.factory"),
            )
        ),
    ],
)
def test_a_module_that_moves_makes_nothing_due(tree, before, old, new):
    move(tree, old, new)
    assert not (tree / "snn" / (old.replace(".", "/") + ".py")).exists()
    assert digests(tree) == before


@pytest.mark.parametrize(
    ("module", "name", "stages"),
    [
        ("training/loop.py", "better", {"train", "calibrate", "evaluate", "collect", "report", "page"}),
        ("hardware/calibrate.py", "better", {"calibrate", "evaluate", "collect", "report", "page"}),
        ("report/sections/hardware/table.py", "by_seed", {"report", "page"}),
    ],
)
def test_an_import_that_is_rebound_makes_due_what_depends_on_it(tree, before, module, name, stages):
    path = tree / "snn" / module
    text = path.read_text()
    (line,) = re.findall(rf"^from (snn\.\S+) import .*\b{name}\b", text, re.M)
    other = path.with_name("other.py")
    other.write_text(f"def {name}(*given):\n    return given\n")
    package = ".".join(other.with_suffix("").relative_to(tree).parts)
    text = re.sub(rf"^(from {re.escape(line)} import .*?)(, {name}\b|\b{name}, )", r"\1", text, flags=re.M)
    text = re.sub(rf"^from {re.escape(line)} import {name}$", "", text, flags=re.M)
    docstring_end = text.index('"""', 3) + 3
    trees.write(path, f"{text[:docstring_end]}\n\nfrom {package} import {name}\n{text[docstring_end:]}")
    after = digests(tree)
    assert {stage for stage in before if after[stage] != before[stage]} == stages


def edited(before: dict[str, set[str]], tree: Path, file: str, code: str, changed: str) -> set[str]:
    """The stages whose jobs have other digests once `code` is replaced in a file of snn."""
    trees.edit(tree / "snn" / file, code, changed)
    after = digests(tree)
    return {stage for stage in before if after[stage] != before[stage]}


@pytest.mark.parametrize(
    ("file", "code", "changed", "stages"),
    [
        (
            "jobs/train.py",
            "seed=self.seed,",
            "seed=self.seed + 1,",
            {"train", "calibrate", "evaluate", "collect", "report", "page"},
        ),
        (
            "jobs/evaluate.py",
            "run.data.test_file,",
            "run.data.training_file,",
            {"evaluate", "collect", "report", "page"},
        ),
        (
            "jobs/calibrate.py",
            "self.treatments, self.run.seed)",
            "self.treatments, self.run.seed + 1)",
            {"calibrate", "evaluate", "collect", "report", "page"},
        ),
        ("jobs/collect.py", "rows=evaluation.folder,", "rows=evaluation.run.folder,", {"collect", "report", "page"}),
        ("jobs/report.py", "static=frozenset(self.static)", "static=frozenset()", {"report", "page"}),
    ],
)
def test_what_a_stage_does_with_its_parameters_is_part_of_its_code(tree, before, file, code, changed, stages):
    assert edited(before, tree, f"pipeline/{file}", code, changed) == stages


AFTER_TRAINING = {"calibrate", "evaluate", "collect", "report", "page"}
EVERY_STAGE = {"prepare", "train", *AFTER_TRAINING}


@pytest.mark.parametrize(
    ("file", "code", "changed", "stages"),
    [
        ("config/levels.py", 'level if value == "level"', '2 * level if value == "level"', AFTER_TRAINING),
        ("config/__init__.py", "__all__ = [", "Noise.doubled = True\n__all__ = [", EVERY_STAGE),
        ("data/shapes.py", "return dataset.classes if", "return 2 * dataset.classes if", EVERY_STAGE),
        ("core/stored.py", "writer.writerows(rows)", "writer.writerows(rows[:1])", EVERY_STAGE),
        ("__init__.py", "cli          the command line\n", "cli          all\n", set()),
    ],
)
def test_what_computes_a_number_between_parameters_and_files_is_part_of_digests(
    tree, before, file, code, changed, stages
):
    assert edited(before, tree, file, code, changed) == stages


@pytest.mark.parametrize(
    ("file", "code", "changed"),
    [("native.c", "v[i] + x[i]", "v[i] - x[i]"), ("native.py", "-ffp-contract=off", "-ffp-contract=fast")],
)
def test_c_source_and_its_flags_are_part_of_the_code_of_whatever_runs_neurons(tree, before, file, code, changed):
    assert edited(before, tree, f"model/{file}", code, changed) == EVERY_STAGE - {"prepare"}
