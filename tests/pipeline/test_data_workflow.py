"""From raw files to prepared data by the workflow: mirrors, missing and damaged files, removed raw data."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from snn.cli.main import main
from snn.core.errors import InputError
from snn.pipeline.settings import download_environment
from tests import trees

DATASET = """
source: random
loader: arrays
options: {file: toy.npz, layout: NHW}
files: [{name: toy.npz, sha256: SUM}]
input_shape: [1, 8, 8]
classes: 3
"""
EXPERIMENT = """
source: a test
base: smoke
dataset: toy
train_limit: 60
methods: [tet]
hardware: []
overrides: null
epochs: 1
"""


def snakemake(tree: Path, *config: str, until: str = "prepare", status: int = 0) -> str:
    command = ("-m", "snakemake", "-c1", "--until", until, "--config", "experiment=toy", *config)
    done = trees.run(tree, *command, status=None)
    logs = "".join(path.read_text() for path in sorted((tree / "logs").rglob("*.log")))
    assert done.returncode == status, done.stdout + done.stderr + logs
    return done.stdout + done.stderr + logs


def due(tree: Path) -> dict[str, int]:
    code = (
        "import json; from snn.cli.due import counts, due_jobs; from snn.pipeline.plan import Plan; "
        "plan = Plan('toy'); print(json.dumps(counts(plan, due_jobs(plan))))"
    )
    return json.loads(trees.run(tree, "-c", code).stdout)


def dry_run(tree: Path) -> dict[str, int]:
    """Jobs by rule that a dry run of Snakemake would do."""
    done = trees.run(tree, "-m", "snakemake", "-n", "-c1", "--config", "experiment=toy")
    table = (done.stdout + done.stderr).partition("Job stats:\n")[2].partition("\n\n")[0]
    rows = dict(line.split() for line in table.splitlines()[2:])
    return {rule: int(count) for rule, count in rows.items() if rule not in ("all", "total")}


@pytest.fixture
def tree(tmp_path) -> Path:
    """The project with a data set of its own, whose file lies in a mirror."""
    tree, rng = trees.plant(tmp_path / "a tree"), np.random.default_rng(0)
    mirror = tmp_path / "a mirror" / "toy"
    mirror.mkdir(parents=True)
    x = rng.integers(256, size=(120, 8, 8), dtype=np.uint8)
    np.savez(mirror / "toy.npz", x_train=x[:90], y_train=np.arange(90) % 3, x_test=x[90:], y_test=np.arange(30) % 3)
    total = hashlib.sha256((mirror / "toy.npz").read_bytes()).hexdigest()
    (tree / "params/datasets/toy.yaml").write_text(DATASET.replace("SUM", total))
    text = EXPERIMENT.replace("overrides: null\n", "")
    smoke = (tree / "params/experiments/smoke.yaml").read_text()
    (tree / "params/experiments/smoke.yaml").write_text(smoke.split("overrides:")[0])
    (tree / "params/experiments/toy.yaml").write_text(text)
    return tree


@pytest.mark.workflow
def test_a_data_set_comes_from_a_mirror_and_its_raw_files_may_go_once_it_is_prepared(tree):
    snakemake(tree, f"data_mirror={tree.parent / 'a mirror'}", "offline=true")
    assert (tree / "data/raw/toy/toy.npz").read_bytes() == (tree.parent / "a mirror/toy/toy.npz").read_bytes()
    assert {path.name for path in (tree / "data/prepared").iterdir()} == {"toy-train60"}
    shutil.rmtree(tree / "data/raw")
    assert due(tree) == {"train": 2, "evaluate": 2, "collect": 1, "report": 1, "page": 1} == dry_run(tree)


@pytest.mark.long
@pytest.mark.workflow
def test_a_download_is_due_when_data_have_to_be_prepared_from_a_file_that_is_missing(tree):
    whole = {"download": 1, "prepare": 1, "train": 2, "evaluate": 2, "collect": 1, "report": 1, "page": 1}
    assert due(tree) == whole == dry_run(tree)
    folder = tree / "data/raw/toy"
    folder.mkdir(parents=True)
    shutil.copy(tree.parent / "a mirror" / "toy" / "toy.npz", folder)
    del whole["download"]
    assert due(tree) == whole == dry_run(tree)


@pytest.mark.workflow
def test_without_a_source_the_message_says_what_to_do_and_nothing_is_prepared(tree):
    output = snakemake(tree, status=1)
    assert "error: data/raw/toy/toy.npz: " in output
    assert "MIRROR=" in output
    assert not (tree / "data/prepared").exists()


@pytest.mark.workflow
def test_a_flipped_byte_in_the_mirror_stops_with_both_sums_and_leaves_nothing(tree):
    path = tree.parent / "a mirror" / "toy" / "toy.npz"
    content = bytearray(path.read_bytes())
    expected = hashlib.sha256(content).hexdigest()
    content[1000] ^= 1
    path.write_bytes(content)
    output = snakemake(tree, f"data_mirror={tree.parent / 'a mirror'}", status=1)
    assert expected in output
    assert hashlib.sha256(content).hexdigest() in output
    assert not [p for p in (tree / "data").rglob("*") if p.is_file() and not p.name.endswith(".lock")]


@pytest.mark.long
@pytest.mark.workflow
def test_a_file_put_there_by_hand_is_proven_before_it_is_read(tree):
    folder = tree / "data/raw/toy"
    folder.mkdir(parents=True)
    (folder / "toy.npz").write_bytes(b"something else")
    assert "error: data/raw/toy/toy.npz: " in snakemake(tree, status=1)
    assert not list((tree / "data/prepared").rglob("*.safetensors"))
    shutil.copy(tree.parent / "a mirror" / "toy" / "toy.npz", folder)
    snakemake(tree)


def test_settings_of_the_workflow_reach_the_download():
    mirror, offline = "SPIKELEDGER_MIRROR", "SPIKELEDGER_OFFLINE"
    assert download_environment({}) == {}
    assert download_environment({"data_mirror": None, "offline": ""}) == {}
    assert download_environment({"data_mirror": "/a b", "offline": 1}) == {mirror: "/a b", offline: "yes"}
    assert download_environment({"offline": True}) == download_environment({"offline": "TRUE"}) == {offline: "yes"}
    assert download_environment({"offline": "no"}) == download_environment({"offline": 0}) == {offline: ""}


def test_offline_is_yes_or_no():
    with pytest.raises(InputError, match=r"^--config offline: "):
        download_environment({"offline": "on"})


@pytest.mark.parametrize(("setting", "offline"), [("0", [False]), ("no", [False]), ("1", [True]), ("on", [])])
def test_offline_in_the_environment_is_yes_or_no_too(setting, offline, monkeypatch, capsys):
    found = []
    monkeypatch.setenv("SPIKELEDGER_OFFLINE", setting)
    monkeypatch.setattr("snn.data.download.run", lambda *given: found.append(given[-1]))
    assert main(["download", "mnist"]) == (0 if offline else 2)
    assert found == offline
    assert capsys.readouterr().err.startswith("error: SPIKELEDGER_OFFLINE: ") == (not offline)


@pytest.mark.workflow
def test_a_mirrors_password_is_in_no_command_and_no_record(tree):
    mirror = "http://user:hunter2@127.0.0.1:9/mirror"
    output = snakemake(tree, f"data_mirror={mirror}", "offline=true", until="train", status=1)
    assert "hunter2" not in output
    assert not [path for path in (tree / ".snakemake").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert not [path for path in (tree / "logs").rglob("*.log") if "hunter2" in path.read_text()]
