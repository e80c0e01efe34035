"""The remedy of an error: only results of the workflow, recognised by their path, are to be removed."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from snn.cli.main import main
from snn.core.errors import nearest, remake
from snn.model import network
from snn.model.spec import Conv, Relu
from snn.pipeline.plan import Plan
from tests import nets

RUN = "results/runs/digits/digits_cnn/tet/T4/s0-0123456789ab"
PREPARED = "data/prepared/digits/0123456789ab"
ELSEWHERE = ["mine", "results", "results/runs", "results/runs/mine", "results/audit/mine", "data/prepared/mine"]
ELSEWHERE += ["results/tables/mine", "results/report/mine"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder as the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("experiment", ["smoke", "hardware_digits"])
def test_every_folder_of_a_job_is_one_to_make_again_and_none_around_it_is(experiment):
    jobs = {folder: job for folder, job in Plan(experiment).jobs.items() if job.stage != "page"}  # a file beside others
    for folder in jobs:
        folder.mkdir(parents=True, exist_ok=True)
        Path("results").mkdir(exist_ok=True)
        for given_as in (folder, folder.absolute(), Path("results", "..", folder)):
            assert f"remove {given_as} and " in remake(given_as)
        for around in (*folder.parents, folder / "mine"):
            assert "remove" not in remake(around) or around in jobs


@pytest.mark.parametrize("folder", [RUN, PREPARED, "results/tables/smoke", "results/report/smoke"])
def test_a_folder_that_is_not_there_is_one_to_make_and_not_to_remove(folder):
    assert "remove" not in remake(Path(folder), "give another")
    assert "give another" not in remake(Path(folder), "give another")


@given(st.lists(st.sampled_from(["..", "mine", "results", "runs", "data", "prepared", "T4", "s0-0123456789ab"])))
def test_no_folder_outside_of_the_places_of_results_is_one_to_remove(parts):
    outside = Path("/elsewhere", *parts)
    assert remake(outside, "give another") == "give another"
    assert remake(Path("..", *parts)) == "give another file"


def refusal(capsys, *arguments):
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def remedy(message):
    return message.rpartition("; ")[2]


def saved(path):
    return network.save(nets.deployed((Conv(conv=2),), Relu(clip=1.0), outputs=4, steps=1), path)


def foreign(path):
    save_file({"weight": np.ones((2, 2), np.float32)}, path)


def damaged(path):
    content = saved(path).read_bytes()
    path.write_bytes(content[:-1])


@pytest.mark.parametrize("folder", [*ELSEWHERE, RUN])
@pytest.mark.parametrize("write", [foreign, damaged, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", ["my.safetensors", "net.safetensors", "student.safetensors"])
def test_a_given_file_that_is_no_network_is_named_and_only_a_run_is_to_be_removed(
    name, write, folder, tmp_path, capsys
):
    path = Path(folder, name)
    path.parent.mkdir(parents=True)
    write(path)
    for arguments in (["audit", path], ["audit", tmp_path / path], ["export", path, tmp_path / "net.nir"]):
        message = refusal(capsys, *arguments)
        assert str(path) in message
        if (folder, name) == (RUN, "net.safetensors"):
            assert f"remove {arguments[1].parent} and start" in message
        else:
            assert "remove" not in remedy(message)
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {name}


@pytest.mark.parametrize("folder", [*ELSEWHERE, PREPARED])
def test_given_samples_that_are_none_are_named_and_only_prepared_data_are_to_be_removed(folder, tmp_path, capsys):
    model = saved(tmp_path / "model.safetensors")
    Path(folder).mkdir(parents=True)
    for name in ("my.safetensors", "test.safetensors"):
        foreign(Path(folder, name))
        message = refusal(capsys, "audit", model, "--data", Path(folder, name))
        assert f"{folder}/{name}" in message
        assert ("remove" in remedy(message)) == ((folder, name) == (PREPARED, "test.safetensors"))


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"parents": {}}', json.dumps({"parents": []})])
def test_a_given_folder_that_is_no_run_is_named_and_not_to_be_removed(record, capsys):
    folder = Path("mine")
    folder.mkdir()
    (folder / "params.json").write_text("{}")
    (folder / "provenance.json").write_text(record)
    saved(folder / "net.safetensors")
    for command in ("show", "audit"):
        message = refusal(capsys, command, folder)
        assert "mine/provenance.json" in message
        assert "remove" not in remedy(message)


def test_a_similar_name_is_proposed_and_all_names_if_none_is_similar():
    known = ["stbp", "tandem", "tet"]
    assert "'tandem'" in nearest("tandm", known)
    assert "stbp" not in nearest("tandm", known)
    assert all(name in nearest("quantum", known) for name in known)


def test_initials_are_similar_unless_a_name_is_more_similar():
    assert nearest("lr", ["epochs", "learning_rates", "seeds"]) == "the nearest is 'learning_rates'"
    assert nearest("lr", ["learning_rates", "lrs"]) == "the nearest is 'lrs'"
    assert "known are" in nearest("e", ["epochs", "learning_rates"])
