"""Audits of networks: runs and NIR files give the same tables, wrong input is named."""

import json
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from snn.audit import inputs, networks
from snn.cli.main import main
from snn.config import params
from snn.core import files, stored
from snn.energy import prices
from snn.energy.counter import Counter, total
from snn.model import network
from snn.model.spec import AvgPool, Conv, Linear
from snn.nir.write import write
from tests import nets
from tests.refusals import refused

SHAPE, K, N = (1, 8, 8), 4, 24


@pytest.fixture
def net():
    layers = (Conv(conv=4), AvgPool(avg_pool=2), Linear(linear=16))
    return nets.deployed(layers, shape=SHAPE, outputs=K, steps=3, loud=4.0)


@pytest.fixture
def samples(tmp_path, net):
    x = nets.some(N, *SHAPE)
    path = tmp_path / "samples.npz"
    np.savez(path, x=x.numpy(), y=net.predict(x).argmax(1).numpy())
    return path


def tables(folder):
    return {name: pd.read_csv(folder / f"{name}.csv") for name in ("layers", "energy", "noise")}


def test_weights_that_are_no_finite_numbers_are_refused(net, samples, tmp_path):
    for value in (float("nan"), float("inf")):
        with torch.no_grad():
            net.layers[0].op.weight[0, 0, 0, 0] = value
        path = network.save(net, tmp_path / "net.safetensors")
        with refused(path, "layers.0.op.weight holds values that are no finite numbers"):
            inputs.load(path)


def test_the_test_data_of_a_run_are_compared_with_what_was_prepared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared, run = Path("data/prepared/d/0123"), Path("run")
    for folder in (prepared, run):
        files.make_folder(folder)
    for part in ("train", "test"):
        save_file({"y": np.arange(3)}, prepared / f"{part}.safetensors")
    sums = {f"{part}.safetensors": files.sha256(prepared / f"{part}.safetensors") for part in ("train", "test")}
    files.write_json(prepared / "sha256.json", sums)
    files.write_json(run / "provenance.json", {"parents": {"data": sums["train.safetensors"]}})
    assert inputs.test_file(run) == prepared / "test.safetensors"
    save_file({"y": np.zeros(3)}, prepared / "test.safetensors")
    with refused(prepared / "test.safetensors", "sha256 is", "recorded is"):
        inputs.test_file(run)


def test_an_inference_without_enough_memory_is_refused_in_a_line(net, samples, tmp_path, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(networks, "measure", full)
    with refused("audit", "need more memory than there is: 3 steps of 24 samples", "--limit"):
        networks.audit(network.save(net, tmp_path / "net.safetensors"), samples, tmp_path / "out")


@pytest.mark.slow
def test_a_network_and_its_nir_file_have_the_same_audit(net, samples, tmp_path):
    ours, theirs = network.save(net, tmp_path / "net.safetensors"), write(net, tmp_path / "net.nir")
    for model, out in ((ours, "a"), (theirs, "b")):
        assert main(["audit", str(model), "--data", str(samples), "--out", str(tmp_path / out)]) == 0
    for name, table in tables(tmp_path / "a").items():
        pd.testing.assert_frame_equal(table, tables(tmp_path / "b")[name])
    assert (tmp_path / "a" / "audit.html").read_text().count("<svg") == 3


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ((), {"--steps", "--data", "--dt"}),
        (("--data", "samples.npz"), {"--steps", "--dt"}),
        (("--steps", "3"), {"--data", "--dt"}),
        (("--dt", "1e-4"), {"--steps", "--data"}),
        (("--steps", "3", "--data", "samples.npz"), set()),
    ],
)
def test_all_that_a_nir_file_leaves_open_is_asked_for_at_once(
    net, samples, tmp_path, monkeypatch, capsys, given, missing
):
    monkeypatch.chdir(tmp_path)
    with h5py.File(write(net, tmp_path / "net.nir"), "r+") as file:
        del file["node/metadata"]
    if missing:
        line = refusal(["net.nir", *given], capsys)
        assert set(line.partition(";")[0].replace(",", "").split()) & {"--steps", "--data", "--dt"} == missing
        assert "python -m snn audit net.nir --steps" in line
    else:
        inputs.refuse_incomplete(Path("net.nir"), 3, None, samples)


def test_tables_hold_the_counted_operations_and_their_energy_by_convention(net, samples, tmp_path):
    networks.audit(network.save(net, tmp_path / "net.safetensors"), samples, tmp_path / "out", noises=(), chips=1)
    found, counter = tables(tmp_path / "out"), Counter(net)
    with np.load(samples) as held:
        counter.scores(torch.from_numpy(held["x"]))
    work = total(counter.operations())
    assert found["layers"].acs.sum() == pytest.approx(work.acs)
    assert found["layers"].neuron_updates.sum() == work.neuron_updates == 3 * (4 * 64 + 16)
    assert found["noise"].accuracy.tolist() == [1.0]
    for row in found["energy"].itertuples():
        convention = params.load("energy", row.convention)
        assert row.energy_nj == pytest.approx(prices.energy_nj(work, convention))
        assert row.same_layers_nj == pytest.approx(1e-3 * work.dense_macs * prices.pj(convention, "mac"))
    assert set(found["energy"].convention) == set(params.names("energy"))


@pytest.mark.parametrize("limit", [1, N])
@pytest.mark.parametrize("right", [0.0, 0.25, 1.0])
def test_the_interval_of_an_accuracy_is_that_of_95_percent_for_new_samples(net, samples, tmp_path, limit, right):
    with np.load(samples) as held:
        x, y = held["x"], held["y"]
    wrong = np.arange(N) >= right * N
    np.savez(tmp_path / "other.npz", x=x, y=np.where(wrong, (y + 1) % K, y))
    made = networks.audit(
        network.save(net, tmp_path / "net.safetensors"),
        tmp_path / "other.npz",
        tmp_path / "out",
        noises=(),
        limit=limit,
    )
    correct = np.where(wrong, 0.0, 1.0)[:limit]
    half = 1.96 * ((correct.var(ddof=1) if limit > 1 else 0) / limit + 1 / limit**2) ** 0.5
    low, high = max(correct.mean() - half, 0), min(correct.mean() + half, 1)
    told = f"{100 * correct.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f} %: 95 % interval, for new samples)"
    assert told in made.text
    assert told in made.page.read_text()


def test_at_the_break_even_rate_a_network_costs_what_its_ann_does(net, samples, tmp_path):
    networks.audit(network.save(net, tmp_path / "net.safetensors"), samples, tmp_path / "out", noises=())
    for row in tables(tmp_path / "out")["energy"].itertuples():
        scaled = row.acs_nj * row.break_even_spikes_per_neuron / row.spikes_per_neuron
        if np.isfinite(scaled):
            assert row.energy_nj - row.acs_nj + scaled == pytest.approx(row.same_layers_nj)


def test_noise_lowers_accuracy_and_draws_are_recorded(net, samples, tmp_path):
    model = network.save(net, tmp_path / "net.safetensors")
    networks.audit(model, samples, tmp_path / "out", noises=("mismatch", "silencing"), chips=2)
    noise = tables(tmp_path / "out")["noise"].dropna(subset=["noise"])
    assert noise.groupby("noise")["level"].nunique().to_dict() == {"mismatch": 4, "silencing": 3}
    assert noise.accuracy.min() < 1
    assert noise[noise.noise == "mismatch"].groupby("chip").draw.nunique().to_dict() == {0: 1, 1: 1}


def refusal(arguments, capsys):
    """The one line that the command prints, without its first word."""
    assert main(["audit", *map(str, arguments)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message.removeprefix("error: ")


WRONG_SAMPLES = {
    "another shape": ({"x": np.zeros((3, 1, 9, 9)), "y": np.zeros(3, int)}, "(1, 9, 9)"),
    "a class too many": ({"x": np.zeros((3, *SHAPE)), "y": np.array([0, 1, 7])}, "0 to 7"),
    "a negative class": ({"x": np.zeros((3, *SHAPE)), "y": np.array([0, 1, -1])}, "-1 to 1"),
    "a wrong class far behind": ({"x": np.zeros((300, *SHAPE)), "y": np.array([0] * 299 + [12])}, "0 to 12"),
    "frames of other steps": ({"x": np.zeros((3, 9, *SHAPE)), "y": np.zeros(3, int)}, "(9, 1, 8, 8)"),
    "no numbers": ({"x": np.full((3, *SHAPE), np.nan), "y": np.zeros(3, int)}, "x holds"),
    "numbers of 64 bits": ({"x": np.full((3, *SHAPE), 1e300), "y": np.zeros(3, int)}, "x holds"),
    "complex numbers": ({"x": np.ones((3, *SHAPE), complex), "y": np.zeros(3, int)}, "x holds"),
    "classes that are no integers": ({"x": np.zeros((3, *SHAPE)), "y": np.zeros(3)}, "y is float64"),
    "no classes": ({"x": np.zeros((3, *SHAPE))}, "x and y"),
    "objects": ({"x": np.array([{}], dtype=object), "y": np.zeros(1, int)}, "x and y"),
}


@pytest.mark.parametrize(("arrays", "fact"), WRONG_SAMPLES.values(), ids=WRONG_SAMPLES)
def test_samples_that_do_not_fit_are_named_and_nothing_is_written(arrays, fact, net, tmp_path, capsys):
    model, data = network.save(net, tmp_path / "net.safetensors"), tmp_path / "bad.npz"
    np.savez(data, **arrays)
    message = refusal([model, "--data", data, "--out", tmp_path / "out"], capsys)
    assert message.startswith(f"{data}: ")
    assert fact in message
    assert not (tmp_path / "out").exists()


def test_a_wrong_file_or_option_is_named_in_one_line(net, samples, tmp_path, capsys):
    model = network.save(net, tmp_path / "net.safetensors")
    cut, array, text = tmp_path / "cut.npz", tmp_path / "x.npy", tmp_path / "net.txt"
    cut.write_bytes(samples.read_bytes()[:40])
    np.save(array, np.zeros(3))
    text.write_text("no network")
    wrong = [
        (tmp_path / "none", [tmp_path / "none"]),
        (tmp_path, [model]),
        ("--chips", [model, "--chips", "0"]),
        ("--chips", [model, "--chips", "1000000000"]),
        ("--steps", [model, "--data", samples, "--steps", "1000000000"]),
        (cut, [model, "--data", cut]),
        (array, [model, "--data", array]),
        ("--dt", [model, "--data", samples, "--dt", "0.1"]),
        (text, [text]),
    ]
    for where, arguments in wrong:
        assert refusal([*arguments, "--out", tmp_path / "out"], capsys).startswith(f"{where}: ")
    assert "'mismatch'" in refusal([model, "--data", samples, "--noise", "mismatsch"], capsys)
    assert main(["export", str(model), str(tmp_path / "other.txt")]) == 2
    assert f"{tmp_path}/other.txt: " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"steps": 10**9}, "Architecture"),
        ({"layers": [{"linear": 8}] * 20_000}, "20,000 layers"),
        ({"layers": [{"conv": 8}, {"block": [{"conv": 8}] * 20_000, "add": "currents"}]}, "20,001 layers"),
        ({"layers": [{"linear": 10**6}] * 3}, "parameters"),
        ({"layers": [{"conv": 10**6}]}, "parameters"),
        ({"input_shape": [1, 10**4, 10**4]}, "parameters"),
        ({"outputs": 10**6, "readout": {"kind": "votes", "voters": 10**6}}, ""),
        ({"layers": 7}, ""),
        ({"layers": [7]}, ""),
    ],
    ids=["steps", "layers", "layers of a block", "linear", "conv", "input", "votes", "no layers", "a number"],
)
def test_a_network_that_its_file_cannot_hold_is_refused_before_memory_is_taken(changes, fact, net, tmp_path):
    architecture = net.architecture.model_dump(mode="json") | changes
    path = tmp_path / "net.safetensors"
    stored.write_tensors(path, network.to_numpy(net.state_dict()), {"architecture": architecture})
    with refused(path, fact), limited(1 << 30):
        inputs.load(path)


@contextmanager
def limited(more: int):
    """This process may take so many bytes more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_document_that_is_nested_too_deeply_is_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file(
        {"a": np.zeros(1)}, path, {stored.METADATA_KEY: '{"architecture": ' + "[" * 100_000 + "]" * 100_000 + "}"}
    )
    with refused(path):
        inputs.load(path)


def test_a_file_of_another_project_is_answered_with_the_file_to_give_and_no_folder_of_the_user_to_remove(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file({"fc.weight": np.zeros((2, 2))}, path)
    with refused(path, "give another file") as refusal:
        inputs.load(path)
    assert "remove" not in str(refusal.value)
    assert "workflow" not in str(refusal.value)


def test_samples_of_a_network_of_vectors_are_vectors(tmp_path, capsys):
    """Frames of vectors would be shown with samples as steps."""
    net = nets.deployed((Linear(linear=5),), shape=(6,), outputs=K, steps=3)
    model = network.save(net, tmp_path / "net.safetensors")
    for name, shape in (("vectors", (3, 6)), ("frames", (3, 3, 6))):
        np.savez(tmp_path / f"{name}.npz", x=np.ones(shape, np.float32), y=np.zeros(3, int))
    out = ["--noise", "--out", tmp_path / "out"]
    assert "frames.npz" in refusal([model, "--data", tmp_path / "frames.npz", *out], capsys)
    assert not (tmp_path / "out").exists()
    assert main(["audit", *map(str, [model, "--data", tmp_path / "vectors.npz", *out])]) == 0


@pytest.mark.parametrize("command", ["audit", "export"])
def test_a_network_that_differs_from_the_record_of_its_run_is_refused(command, net, samples, tmp_path, capsys):
    model, out = network.save(net, tmp_path / "net.safetensors"), tmp_path / "out.nir"
    files.write_json(tmp_path / "sha256.json", {"net.safetensors": files.sha256(model)})
    content = bytearray(model.read_bytes())
    content[-3] ^= 1
    model.write_bytes(content)
    options = ["--data", samples, "--out", out] if command == "audit" else [out]
    assert main([command, str(model), *map(str, options)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {model}: sha256 is ")
    assert not out.exists()


def test_export_names_the_next_command(net, tmp_path, capsys):
    model = network.save(net, tmp_path / "net.safetensors")
    assert main(["export", str(model), str(tmp_path / "net.nir")]) == 0
    assert f"python -m snn audit {tmp_path / 'net.nir'}" in capsys.readouterr().out
    with refused(tmp_path / "none.safetensors"):
        inputs.load(tmp_path / "none.safetensors")
    assert json.dumps(inputs.load(tmp_path / "net.nir").architecture.readout.model_dump())


def test_the_command_prints_every_layer_convention_and_level(net, samples, tmp_path, capsys):
    model = network.save(net, tmp_path / "net.safetensors")
    out = ["--out", str(tmp_path / "out"), "--noise", "mismatch", "--chips", "1"]
    assert main(["audit", str(model), "--data", str(samples), *out]) == 0
    printed, found = capsys.readouterr().out, tables(tmp_path / "out")
    lines = [line.split() for line in printed.splitlines()]
    for row in found["layers"].itertuples():
        assert [str(row.layer), row.kind, row.shape] in [line[:3] for line in lines]
    for row in found["energy"].itertuples():
        assert [row.convention, f"{row.energy_nj:,.4g}", f"{row.of_same_layers:.3f}"] in [line[:3] for line in lines]
    for row in found["noise"].dropna().itertuples():
        assert ["mismatch", str(row.level), f"{100 * row.accuracy:.1f}"] in [line[:3] for line in lines]


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.ckpt", "net.onnx", "net.py", "net.txt", "none.nir"])
def test_a_file_that_no_audit_reads_is_refused_before_torch_is_imported(name, tmp_path):
    path = tmp_path / name
    if name != "none.nir":
        path.write_bytes(b"anything")
    code = f"""import sys
from snn.cli.main import main
assert main(["audit", {str(path)!r}]) == 2
assert "torch" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}: ")
    if path.suffix in (".pt", ".onnx"):
        assert all(name in line for name in ("docs/audit.md", "snntorch 1.0.0", "norse 1.1.0", "spikingjelly 2.0.0"))


@pytest.mark.parametrize("option", [["--noise", "mismach"], ["--data", "x.csv"]])
def test_a_wrong_option_is_refused_before_torch_is_imported(option, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"")
    code = f"""import sys
from snn.cli.main import main
assert main(["audit", {str(tmp_path / "net.safetensors")!r}, *{option!r}]) == 2
assert "torch" not in sys.modules"""
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_all_nodes_that_are_not_supported_are_listed(net, tmp_path):
    path = write(net, tmp_path / "net.nir")
    with h5py.File(path, "r+") as file:
        for name in ("neurons_1", "neurons_3"):
            node = file["node/nodes"][name]
            del node["type"]
            node["type"] = "CubaLIF"
    with refused(path, "neurons_1 (CubaLIF)", "neurons_3 (CubaLIF)"):
        inputs.load(path)
