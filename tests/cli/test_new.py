"""Templates work as they are, and mistakes in what is made of them are told in a line before anything is computed."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch

from snn.cli import new
from snn.core.errors import InputError
from snn.rules import Batch, Task
from tests import nets, trees

KINDS = ("rule", "network", "method", "dataset", "noise", "experiment")
NAMED = {  # lines of the experiment that name all the others
    "network: digits_small": "network: mine",
    "[tet, sdt]": "[mine_too, mine, tet, sdt]",
    "# hardware:": "hardware:",
    "#   - noise: mismatch": "  - noise: mine",
    "#     ": "    ",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A tree with one thing of every kind, named by an experiment."""
    tree = trees.plant(tmp_path_factory.mktemp("new") / "tree")
    for kind in KINDS:
        trees.run(tree, "-m", "snn", "new", kind, "mine_too" if kind == "method" else "mine")
    experiment = tree / "params/experiments/mine.yaml"
    text = experiment.read_text()
    for old, own in NAMED.items():
        assert old in text
        text = text.replace(old, own)
    experiment.write_text(text)
    return tree


def refused(tree: Path) -> str:
    """The line with which the experiment is refused."""
    done = trees.run(tree, "-m", "snn", "plan", "--experiment", "mine", status=2)
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.workflow
def test_what_the_templates_write_loads_and_is_planned(made):
    done = trees.run(made, "-m", "snn", "plan", "--experiment", "mine", status=1)
    assert "train          25\ncalibrate      20\n" in done.stdout
    code = "from snn.config import params; print(params.load('datasets', 'mine').raw)"
    assert trees.run(made, "-c", code).stdout == "mine\n"


@pytest.mark.workflow
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_taken_is_refused_and_nothing_is_written(made, kind):
    before = {path: path.read_bytes() for path in made.rglob("mine*.*")}
    done = trees.run(made, "-m", "snn", "new", kind, "mine_too" if kind == "method" else "mine", status=2)
    assert "mine" in done.stderr
    assert {path: path.read_bytes() for path in made.rglob("mine*.*")} == before


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("old", "own", "where", "what"),
    [
        ("class Mine(Rule)", "class Mine", "snn/rules/mine.py", "Rule"),
        ("yield torch", "return torch", "snn/rules/mine.py line 33", "losses"),
        ("losses(self, student, batch)", "losses(self, student)", "snn/rules/mine.py line 33", "losses"),
        (", norm=self.options.norm", "", "snn/rules/mine.py line 31", "norm"),
        (" norm=self.options.norm", " nrom=self.options.norm", "snn/rules/mine.py line 31", "'norm'"),
        ("batch):", "batch)", "snn/rules/mine.py line 33", "SyntaxError"),
        ("neuron: Neuron", "neuron: Nueron", "snn/rules/mine.py line 19", "Nueron"),
        ("    options: Options\n", "", "", ""),
        ("class Options(Model)", "class Keys(Model)", "snn/rules/mine.py line 26", "Options"),
    ],
)
def test_a_mistake_in_a_rule_is_told_with_its_line_when_it_is_planned(made, tmp_path, old, own, where, what):
    with trees.copied(made, tmp_path / "tree") as tree:
        trees.edit(tree / "snn/rules/mine.py", old, own)
        if where:
            line = refused(tree)
            assert f"{where}: " in line
            assert what in line
        else:
            trees.run(tree, "-m", "snn", "plan", "--experiment", "mine", status=1)


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """An empty folder outside of a checkout, the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(new, "HOME", tmp_path / "site-packages/snn")
    return tmp_path


def test_outside_of_a_checkout_the_files_lie_in_the_working_folder(outside, capsys):
    new.new("rule", "mine")
    assert {path.name for path in outside.iterdir()} == {"mine.py", "mine.yaml"}
    assert "snn/rules" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_outside_of_a_checkout_the_next_command_is_the_one_that_is_there(kind, outside, capsys):
    new.new(kind, "mine")
    told = capsys.readouterr().out
    assert "python -m snn" not in told
    assert "spikeledger " in told


@pytest.mark.parametrize(
    ("kind", "name", "before", "where"),
    [
        ("rule", "mine", "mine.yaml", "mine.yaml"),
        ("noise", "mine", "mine.py", "mine.py"),
        ("rule", "ltl", "", "rule ltl"),
        ("method", "ltl_offline", "", "method ltl_offline"),
    ],
)
def test_outside_of_a_checkout_a_file_that_is_there_is_told_from_a_name_of_the_project(
    kind, name, before, where, outside
):
    if before:
        (outside / before).write_text("mine")
    with pytest.raises(InputError) as refused:
        new.new(kind, name)
    assert refused.value.where == where
    assert [path.name for path in outside.iterdir()] == [before] * bool(before)


@pytest.mark.parametrize(("kind", "name"), [("rule", "My-rule"), ("noise", "1x"), ("network", "../x"), ("method", "")])
def test_a_name_that_no_file_may_have_is_refused(kind, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        new.new(kind, name)
    assert not list(tmp_path.iterdir())


def test_no_template_keeps_its_own_name():
    for folders in new.WRITTEN.values():
        for template in folders:
            assert not re.search("template", new.filled(template, "mine_too"), re.IGNORECASE)


def test_the_rule_of_the_template_trains_one_step():
    spec = importlib.util.spec_from_file_location("template", new.TEMPLATES / "rule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rule = module.Template(module.Options(neuron=nets.triangular()))
    x, y = nets.some(8, 1, 8, 8).float(), torch.arange(8) % 10
    student = rule.student(Task((1, 8, 8), 10, nets.CHAIN, 4), {}, x)
    optimiser = torch.optim.SGD(student.parameters(), lr=0.1)
    batch = Batch(x, y, {}, epoch=0, epochs=1, generator=torch.Generator())

    def step() -> float:
        (loss,) = rule.losses(student, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    before = step()
    assert step() < before
    assert not rule.deploy(student).training
