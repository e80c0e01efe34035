"""The console command, installed from a wheel in an environment of its own that borrows the libraries.

It runs in processes of its own, since it becomes another program.
"""

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path
from subprocess import CompletedProcess
from zipfile import ZipFile

import numpy as np
import pytest

from snn.cli import parse, reproduce, tool
from snn.cli.commands import COMMANDS, GROUPS, KINDS
from snn.config import params
from snn.core.errors import InputError
from snn.core.paths import MARKS, ROOT
from snn.model import network
from snn.pipeline.plan import Plan
from snn.pipeline.settings import STAGES
from tests import nets, trees

pytestmark = pytest.mark.workflow
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check")
BUILT = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "docs")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the project from which the wheel is built."""
    tree = trees.plant(tmp_path_factory.mktemp("source") / "project")
    for name in BUILT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("_build"))
        else:
            shutil.copy2(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def environment(source, tmp_path_factory) -> Path:
    """An environment with the wheel and no other package; a .pth file names the folder of the libraries."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python"]
    subprocess.run([*pip, "install", *OFFLINE, source], check=True)
    return folder


@pytest.fixture(scope="module")
def changed(source, tmp_path_factory) -> Path:
    """Another checkout, with another TET."""
    tree = trees.plant(tmp_path_factory.mktemp("changed") / "project")
    shutil.copy2(source / "pyproject.toml", tree / "pyproject.toml")
    rule = tree / "snn/rules/tet.py"
    rule.write_text(rule.read_text().replace("(1 - lam) *", "(1 - lam / 2) *"))
    return tree


def spikeledger(environment: Path, folder: Path, *arguments: object, **variables: str) -> CompletedProcess[str]:
    """A finished command, run in a folder."""
    command = [environment / "bin/spikeledger", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def digest_of(tree: Path) -> str:
    """The digest of the run of TET in `smoke`, as the code of a tree computes it."""
    code = (
        "from snn.pipeline.plan import Plan; print(*[r.folder for r in Plan('smoke').runs if r.method_name == 'tet'])"
    )
    return trees.run(tree, "-c", code).stdout.strip()


def test_the_wheel_holds_whatever_the_package_reads(source, tmp_path):
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-q",
        "-w",
        tmp_path,
    ]
    subprocess.run([*pip, source], check=True)
    held = {name for name in ZipFile(next(tmp_path.glob("*.whl"))).namelist() if ".dist-info/" not in name}
    tops = {"snn": "snn", "params": "snn/params", "docs": "snn/docs"}
    files = {(top, path) for top in tops for path in (source / top).rglob("*") if path.is_file()}
    expected = {
        f"{tops[top]}/{path.relative_to(source / top)}" for top, path in files if "__pycache__" not in path.parts
    }
    assert held == expected
    assert {path.name for path in source.iterdir()} == {*trees.PARTS, *BUILT}


@pytest.mark.parametrize("variables", [{}, {"PYTHONSAFEPATH": "1"}], ids=["plain", "PYTHONSAFEPATH"])
def test_a_digest_names_the_code_of_the_checkout_and_that_code_runs(environment, source, changed, variables):
    old, new = digest_of(source), digest_of(changed)
    assert old != new
    done = spikeledger(environment, changed / "params", "train", "--experiment", "smoke", old, **variables)
    assert done.returncode == 3
    assert f"is now {new};" in done.stderr
    done = spikeledger(environment, source, "--root", changed, "train", "--experiment", "smoke", old, **variables)
    assert done.returncode == 3
    assert f"is now {new};" in done.stderr


def test_from_another_folder_the_checkout_is_given(environment, changed, tmp_path):
    done = spikeledger(environment, tmp_path, "plan", "--experiment", "smoke", "--root", changed)
    assert done.returncode == 1
    assert done.stdout == spikeledger(environment, changed, "plan", "--experiment", "smoke").stdout
    assert str(changed) in spikeledger(environment, tmp_path, f"--root={changed}", "--version").stdout


def test_outside_of_a_checkout_audit_and_docs_work(environment, tmp_path):
    net = nets.deployed()
    network.save(net, tmp_path / "net.safetensors")
    shape = net.architecture.input_shape
    np.savez(tmp_path / "samples.npz", x=np.zeros((4, *shape), np.float32), y=np.zeros(4, np.int64))
    done = spikeledger(environment, tmp_path, "audit", "net.safetensors", "--data", "samples.npz", "--noise")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("results/audit/net.safetensors/*.html"))
    assert spikeledger(environment, tmp_path, "docs", "energy").stdout == (ROOT / "docs/energy.md").read_text()


@pytest.mark.parametrize("command", sorted(name for name, command in COMMANDS.items() if not command.anywhere))
def test_outside_of_a_checkout_a_command_that_names_results_is_refused(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="checkout"):
        tool._needs_none([command])


def test_a_path_is_relative_to_the_folder_of_the_user(environment, changed, tmp_path):
    folder = changed / "results/runs/digits/digits_cnn/tet/T4/s0-aaaaaaaaaaaa"
    folder.mkdir(parents=True)
    (folder / "params.json").write_text("{}")
    (folder / "provenance.json").write_text('{"commit": "abc"}')
    for place, path in ((folder.parent, folder.name), (changed, folder.relative_to(changed)), (changed, "aaaa")):
        done = spikeledger(environment, place, "show", path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(folder.relative_to(changed)))
    done = spikeledger(environment, folder.parent, "show", "other")
    assert done.returncode == 2
    assert done.stderr.startswith("error: other: ")


@pytest.mark.parametrize("arguments", [["plam"], ["plam", "--all"]])
def test_a_wrong_command_is_answered_with_the_nearest_name(environment, changed, tmp_path, arguments):
    for folder in (changed, tmp_path):
        done = spikeledger(environment, folder, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("error: spikeledger plam: ")
        assert "'plan'" in done.stderr


def test_the_examples_of_help_can_be_parsed():
    examples = [example.split() for example in parse.EXAMPLES]
    examples += [[name, *example.split()] for name, command in COMMANDS.items() for example in command.examples]
    assert all(parse.parse(example, "x", None).command is COMMANDS[example[0]] for example in examples)


@pytest.mark.parametrize("command", ["plan", "summary", "check", "fetch", "adopt"])
def test_an_experiment_needs_no_option_where_nothing_else_has_a_place(command):
    for arguments in ([command, "smoke"], [command, "--experiment", "smoke"]):
        assert parse.parse(arguments, "x", None).experiment == "smoke"
    with pytest.raises(InputError, match="not allowed with"):
        parse.parse([command, "smoke", "--experiment", "digits"], "x", None)


@pytest.mark.parametrize(
    ("arguments", "experiment", "more"),
    [
        ([], "digits", []),
        (["smoke"], "smoke", []),
        (["smoke", "--", "--dry-run"], "smoke", ["--dry-run"]),
        (["--experiment", "smoke", "--", "--dry-run"], "smoke", ["--dry-run"]),
        (["--", "results/tables/digits/runs.csv.bz2"], "digits", ["results/tables/digits/runs.csv.bz2"]),
    ],
)
def test_reproduce_takes_an_experiment_and_passes_the_rest_on(monkeypatch, arguments, experiment, more):
    given = []
    monkeypatch.setattr(reproduce, "reproduce", lambda name, *settings: given.append((name, settings[-1])))
    options = parse.parse(["reproduce", *arguments], "x", None)
    options.do(options)
    assert given == [(experiment, more)]


def test_reproduce_takes_one_experiment():
    options = parse.parse(["reproduce", "smoke", "--experiment", "digits"], "x", None)
    with pytest.raises(InputError, match="names a second experiment"):
        options.do(options)


def test_help_shows_every_command_in_one_group(environment, tmp_path):
    shown = spikeledger(environment, tmp_path, "--help").stdout
    listed = [line.split()[0] for line in shown.splitlines() if line.startswith("  ")]
    for group in GROUPS.values():
        for command in group:
            assert listed.count(command.name) == 1
    assert all(f"\n{name}:\n" in shown for name in GROUPS)


def test_the_console_command_waits_for_no_library():
    code = "import sys; from snn.cli import parse; parse.parser('x').format_help(); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.split())
    assert "snn.cli.commands" in loaded
    assert not {"torch", "pydantic", "numpy", "pandas", "shtab", "snakemake", "importlib.metadata"} & loaded


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_commands_and_names_of_experiments(environment, changed):
    script = spikeledger(environment, changed, "--completion", "bash").stdout
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def completed(*words: str) -> set[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        asked = (
            f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _shtab_spikeledger; printf '%s\\n' ${{COMPREPLY[@]}}"
        )
        command = ["bash", "-c", f"{script}\n{asked}"]
        done = subprocess.run(command, cwd=changed, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        return set(done.stdout.split())

    assert completed("spikeledger", "rec") == {"recommend"}
    assert completed("spikeledger", "plan", "--experiment", "hardware") == {"hardware", "hardware_digits"}


def test_a_folder_is_found_upwards_unless_somebody_else_owns_it(tmp_path, monkeypatch):
    for mark in MARKS:
        (tmp_path / mark).mkdir(parents=True)
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    assert tool.found(below, None) == tmp_path
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    if tmp_path.stat().st_uid:  # root owns nothing that is refused
        with pytest.raises(InputError, match="--root"):
            tool.found(below, None)
    assert tool.found(below, tmp_path) == tmp_path


def test_the_stages_and_kinds_of_the_command_line_are_those_of_plans_and_parameter_files():
    assert list(dict.fromkeys(job.stage for job in Plan("matched").jobs.values()))[:3] == ["prepare", "train", "tune"]
    assert {job.stage for job in Plan("smoke").jobs.values()} <= {*STAGES, "page"}
    assert set(KINDS) == set(params.KINDS)
