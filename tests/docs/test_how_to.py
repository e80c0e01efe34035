"""How-to pages have complete files, which work: each is written into a copy of the project and run on small data."""

import gzip
import struct
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import trees
from tests.docs import walk

pytestmark = [pytest.mark.workflow, pytest.mark.long]
ALL_BUT_PREPARE = ("train", "calibrate", "evaluate", "collect", "report", "page")
UNTIL_ROWS = ("collect", "report", "page")
UNTIL_CHIPS = ("evaluate", *UNTIL_ROWS)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    return trees.plant(tmp_path_factory.mktemp("how-to") / "tree")


def pictures(folder: Path, rng: np.random.Generator) -> None:
    """Colour pictures of several sizes, in folders of classes."""
    for label in ("beech", "oak", "pine"):
        (folder / label).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(256, size=(20 + i, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i}.png")


def events(rng: np.random.Generator, side: int) -> dict[str, np.ndarray]:
    t = np.sort(rng.integers(10_000, size=200))
    return {
        "t": t,
        "x": rng.integers(side, size=200),
        "y": rng.integers(side, size=200),
        "p": rng.integers(2, size=200),
    }


def recordings_npz(folder: Path, rng: np.random.Generator) -> None:
    for label in ("left", "right"):
        (folder / label).mkdir(parents=True)
        for i in range(12):
            np.savez(folder / label / f"{i}.npz", **events(rng, 32))


def recordings_aedat(folder: Path, rng: np.random.Generator) -> None:
    for part in ("train", "test"):
        for label in ("left", "right"):
            (folder / part / label).mkdir(parents=True)
            for i in range(10):
                of = events(rng, 128)
                address = (1 - of["p"]) | (127 - of["x"]) << 1 | (127 - of["y"]) << 8
                content = np.stack([address, of["t"]], axis=1).astype(">u4").tobytes()
                (folder / part / label / f"{i}.aedat").write_bytes(b"#!AER-DAT2.0\r\n# made by a test\r\n" + content)


def repacked_cifar(folder: Path, rng: np.random.Generator) -> None:
    """The binary release, as a user packs its folder again."""
    inside = folder / "cifar-10-batches-bin"
    inside.mkdir(parents=True)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records = np.column_stack([np.arange(20) % 10, rng.integers(256, size=(20, 3072))])
        (inside / f"{name}.bin").write_bytes(records.astype(np.uint8).tobytes())
    (inside / "batches.meta.txt").write_text("\n".join("abcdefghij"))
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(inside, inside.name)


def repacked_idx(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True)
    for part, n in (("train", 120), ("t10k", 20)):
        images = struct.pack(">2xBB3I", 8, 3, n, 28, 28) + rng.integers(256, size=(n, 28, 28), dtype=np.uint8).tobytes()
        labels = struct.pack(">2xBBI", 8, 1, n) + (np.arange(n) % 10).astype(np.uint8).tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, compresslevel=1))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, compresslevel=1))


def proofs(tree: Path, pattern: str) -> list[Path]:
    return sorted((tree / "results/runs").glob(pattern))


def test_own_data_are_read_split_and_trained_on(tree):
    raw, rng = tree / "data/raw", np.random.default_rng(0)
    pictures(raw / "leaves", rng)
    recordings_npz(raw / "gestures", rng)
    recordings_aedat(raw / "recordings", rng)
    repacked_idx(raw / "fashion_mnist_repacked", rng)
    repacked_cifar(raw / "cifar10_repacked", rng)
    walk.write_files(tree, "how-to/own-data.md")
    trees.run(tree, "-c", (tree / "make_arrays.py").read_text())
    (raw / "shapes").mkdir()
    (tree / "shapes.npz").rename(raw / "shapes/shapes.npz")
    printed = walk.follow(tree, "how-to/own-data.md", *UNTIL_ROWS)
    assert printed.count("NOT the bytes of the release") == 4
    assert "cifar-10-binary.tar.gz: not compared" in printed
    for experiment in ("shapes", "gestures", "recordings", "repacked", "repacked_cifar"):
        trees.compute(tree, experiment, *ALL_BUT_PREPARE)
    prepared = {path.parent.parent.name for path in (tree / "data/prepared").rglob("test.safetensors")}
    assert {"leaves", "shapes", "gestures", "recordings", "fashion_mnist_repacked", "cifar10_repacked"} <= prepared
    assert proofs(tree, "leaves/digits_small/tet/*/s0-*/rows/*/rows.csv")


def test_an_own_rule_is_trained_with_its_variant(tree):
    walk.follow(tree, "how-to/own-rule.md", *UNTIL_CHIPS)
    assert proofs(tree, "digits/digits_small/smoothed/*/s0-*/net.safetensors")
    assert proofs(tree, "digits/digits_small/smoothed_0_3/*/s0-*/net.safetensors")


def test_an_own_network_is_listed_and_trained(tree):
    printed = walk.follow(tree, "how-to/own-network.md", *UNTIL_CHIPS)
    assert "\nmine " in printed
    assert proofs(tree, "digits/mine/tet/*/s0-*/net.safetensors")


def test_own_chips_are_made_calibrated_and_audited(tree):
    walk.follow(tree, "how-to/own-chip.md", *UNTIL_CHIPS)
    assert proofs(tree, "digits/digits_small/tet/*/s0-*/chips/drift-*/history.csv")
    (curve,) = (tree / "results/audit").rglob("noise.csv")
    assert {"my_chip", "drift"} <= {line.split(",")[0] for line in curve.read_text().splitlines()}


def test_an_own_energy_table_prices_the_same_rows(tree):
    walk.follow(tree, "how-to/own-energy.md", "page")
    assert "my_chip" in (tree / "results/report/my_energy/energy.md").read_text()


def test_an_experiment_for_a_gpu_is_planned_without_one(tree):
    assert "jobs are due" in walk.follow(tree, "how-to/gpu.md")


def test_make_runs_the_jobs_of_an_experiment(tree):
    walk.write_files(tree, "how-to/another-engine.md")
    script = (tree / "jobs.py").read_text()
    (tree / "jobs.mk").write_text(trees.run(tree, "-c", script).stdout)
    done = subprocess.run(["make", "-n", "-B", "-f", "jobs.mk"], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    stages = [line.partition(" -m snn ")[2].split()[0] for line in done.stdout.splitlines()]
    assert (stages[0], *stages[-3:]) == ("prepare", "collect", "report", "page")
    assert sorted(stages[1:-3]) == ["evaluate", "evaluate", "train", "train"]
    assert stages.index("train") < stages.index("evaluate")
