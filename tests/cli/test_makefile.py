"""Settings given to make arrive unchanged, and no part of them is executed.

The Makefile runs in a folder of its own, where the environment is there already and Python is a script that notes its
arguments.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEFAULTS = {"EXPERIMENT": "digits", "CORES": "all"} | dict.fromkeys(
    ("MIRROR", "OFFLINE", "REMOTE", "QUANTITIES", "ROUNDS", "PROFILE"), ""
)
INJECTIONS = (
    "x'; touch injected; '",
    'x"; touch injected; "',
    "$(shell touch injected)",
    "${shell touch injected}",
    "$(touch injected)",
    "`touch injected`",
)
LEGAL = '/a folder/it\'s "here", $HOME $(x) ${y} $$ `z` #1 \\ 100% *'


@pytest.fixture
def tree(tmp_path) -> Path:
    tree = tmp_path / "a tree"
    for path, script in (
        (tree / ".venv/bin/python", "printf '%s\\0' \"$@\" >> arguments"),
        (tree / "bin/python3.13", "exit 0"),  # the first that the Makefile looks for
    ):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "requirements-uv.lock"):
        shutil.copy(ROOT / name, tree / name)
    (tree / ".venv/.installed").touch()
    return tree


def make(tree: Path, *settings: str, **environment: str) -> list[str]:
    """The arguments of every Python that `make reproduce fetch` starts."""
    path = f"{tree / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["make", "reproduce", "fetch", *settings]
    done = subprocess.run(
        command, cwd=tree, env={"PATH": path, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (tree / "arguments").read_text().split("\0")[:-1]


def expected(**settings: str) -> list[str]:
    values = DEFAULTS | settings
    settings = ("EXPERIMENT", "CORES", "PROFILE", "MIRROR", "OFFLINE")
    reproduce = [f"--{name.lower()}={values[name]}" for name in settings]
    return [
        *("-m", "snn", "reproduce", *reproduce),
        *("-m", "snn", "fetch", "--experiment", values["EXPERIMENT"], "--remote", values["REMOTE"]),
    ]


def test_make_without_variables_runs_the_default_experiment(tree):
    assert make(tree) == expected()


@pytest.mark.parametrize("value", INJECTIONS)
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_command_in_a_variable_is_passed_on_and_not_executed(tree, name, value):
    assert make(tree, f"{name}={value}") == expected(**{name: value})
    assert not (tree / "injected").exists()


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_command_in_the_environment_is_passed_on_and_not_executed(tree, value):
    settings = dict.fromkeys(DEFAULTS, value)
    assert make(tree, **settings) == expected(**settings)
    assert not (tree / "injected").exists()


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_value_with_spaces_quotes_and_dollars_arrives_unchanged(tree, name):
    assert make(tree, f"{name}={LEGAL}") == expected(**{name: LEGAL})


def test_a_signal_to_make_reaches_the_command_that_reproduces(tree):
    """Make signals its child, and a shell between them would die alone."""
    (tree / ".venv/bin/python").write_text("#!/bin/sh\necho $PPID > parent\n")
    made = subprocess.Popen(["make", "reproduce"], cwd=tree)
    assert made.wait() == 0
    assert int((tree / "parent").read_text()) == made.pid


def test_help_lists_every_target(tree):
    done = subprocess.run(["make", "help"], cwd=tree, capture_output=True, text=True, check=True)
    phony = re.findall(r"^\.PHONY: (.*)$", (tree / "Makefile").read_text(), re.MULTILINE)
    assert {line.split()[1] for line in done.stdout.splitlines()} == set(" ".join(phony).split())
