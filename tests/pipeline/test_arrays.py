"""Mistakes in arrays of one's own are told before they are prepared."""

import numpy as np
import pytest

from snn.config import params
from snn.data.loaders import arrays as loader
from snn.pipeline import arrays
from snn.pipeline.jobs.prepare import Prepare
from tests.refusals import refused


@pytest.fixture
def raw(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/raw/own").mkdir(parents=True)
    return tmp_path / "data/raw/own"


def job(file: str, *class_names: str) -> Prepare:
    options = loader.Options(file=file, class_names=class_names)
    known = params.load("datasets", "cifar10-approx93")
    return Prepare("own", known.model_copy(update={"raw": "own", "options": options}))


def store(raw, y, file: str) -> None:
    labels = {"y_train": y[:8], "y_test": y[8:]}
    if file.endswith(".npz"):
        np.savez(raw / file, **labels)
    else:
        (raw / file).mkdir(exist_ok=True)
        for name, values in labels.items():
            np.save(raw / file / f"{name}.npy", values)


@pytest.mark.parametrize("file", ["own.npz", "own"])
def test_labels_that_do_not_begin_at_0_are_refused_unless_classes_have_names(raw, file):
    y = np.arange(12) % 4
    store(raw, y, file)
    arrays.check(job(file))
    store(raw, y + 1, file)
    with refused(f"data/raw/own/{file}: y_train and y_test", "begin at 1", "y_train - 1", "classes is then 4"):
        arrays.check(job(file))
    arrays.check(job(file, *"abcde"))


def test_a_file_that_is_not_there_is_named_and_not_its_first_array(raw):
    with refused("data/raw/own/own.npz", "options.file"):
        arrays.check(job("own.npz"))


@pytest.mark.parametrize("y", [np.array(["a"] * 12), np.linspace(1, 2, 12)], ids=["text", "numbers"])
def test_what_the_loader_tells_is_left_to_it(raw, y):
    store(raw, y, "own.npz")
    arrays.check(job("own.npz"))
    (raw / "own.npz").write_bytes(b"no archive")
    arrays.check(job("own.npz"))
