"""Audit any network: its operations, its energy under every convention and its accuracy on noisy chips, as tables and a
page. Nothing is trained.

The network is a run or a NIR file. Data are a prepared test file, or an .npz with x (N, C, H, W) or (N, T, C, H, W) and
y (N,).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from snn.audit import figures
from snn.audit.page import page
from snn.config import Energy, Noise, params
from snn.core import files
from snn.core.errors import InputError, remake
from snn.data import samples
from snn.data.samples import Samples
from snn.energy.counter import Operations, total
from snn.energy.prices import break_even, first_layer_nj, parts_nj, same_layers_nj, spikes_per_neuron
from snn.evaluation.evaluate import measure
from snn.hardware import chip
from snn.model import network
from snn.model.network import Network
from snn.nir.read import read as read_nir
from snn.report.canvas import save
from snn.training.validation import score

NOISES = ("mismatch", "quantisation_channel", "silencing", "stuck")
NIR = (".nir", ".h5", ".hdf5")
LARGEST = float(np.finfo(np.float32).max)
PARTS = ("macs", "acs", "compares", "neuron_updates")


def audit(
    model: Path,
    data: Path | None,
    out: Path,
    steps: int | None = None,
    dt: float | None = None,
    noises: Sequence[str] = NOISES,
    chips: int = 3,
    limit: int | None = None,
) -> Path:
    """Write layers.csv, energy.csv, noise.csv, figures and audit.html into `out`; returns the path of the page.

    Raises InputError naming a network or data that cannot be read, or data that do not fit the network.
    """
    models = {name: params.load("noise", name) for name in noises}
    net = load(model, steps, dt)
    shown = _samples(data or _test_file(model if model.is_dir() else model.parent))
    if limit is not None:
        shown = shown.take(torch.arange(min(limit, len(shown))))
    _check(net, shown, data or model)
    clean, operations = measure(net, shown)
    layers = _layers(net, operations)
    prices = _prices(operations, net.architecture.steps)
    curves = _curves(net, shown, models, chips, clean.value)
    facts = {
        "network": str(model),
        "steps of an inference": str(net.architecture.steps),
        "samples": f"{len(shown):,}",
        "accuracy": f"{100 * clean.value:.1f} % (± {100 * clean.sampling_error:.1f} from the finite sample)",
        "parameters": f"{sum(parameter.numel() for parameter in net.parameters()):,}",
    }
    drawn = {
        "layers.svg": figures.layers(layers),
        "energy.svg": figures.conventions(prices),
        "noise.svg": figures.noise(curves, clean.value),
    }
    for name, table in (("layers", layers), ("energy", prices), ("noise", curves)):
        files.write(out / f"{name}.csv", table.to_csv(index=False))
    for name, figure in drawn.items():
        save(figure, out / name)
    pictures = {name: (out / name).read_text() for name in drawn}
    return files.write(out / "audit.html", page(facts, layers, prices, curves, pictures))


def load(model: Path, steps: int | None = None, dt: float | None = None) -> Network:
    """A network from a NIR file, a run folder or its net.safetensors; `steps` and `dt` replace those of the file."""
    if model.suffix in NIR:
        return read_nir(model, steps, dt)
    if dt is not None:
        raise InputError("--dt", "is only for NIR files", "leave it out")
    file = model / "net.safetensors" if model.is_dir() else model
    if model.is_file() and model.suffix != ".safetensors":
        raise InputError(model, "is neither a NIR file nor a run", f"give a run folder, or a file {' or '.join(NIR)}")
    if not file.is_file():
        raise InputError(model, "is neither a run folder nor a file", "give a folder below results/runs, or a NIR file")
    net = network.load(file, torch.device("cpu"), _remedy(file, "net.safetensors"))
    return network.at_steps(net, steps) if steps and steps != net.architecture.steps else net


def _samples(path: Path) -> Samples:
    if path.suffix == ".npz":
        return _arrays(path)
    if path.suffix != ".safetensors":
        raise InputError(path, "is no file of samples", "give a prepared test.safetensors, or an .npz with x and y")
    parts = samples.load(path, torch.device("cpu"), _remedy(path, "test.safetensors", "train.safetensors"))
    return parts.get("test") or next(iter(parts.values()))


def _remedy(file: Path, *names: str) -> str:
    """The remedy for a file that cannot be read: `remake` for a result, which has one of these names."""
    another = "give another file"
    return remake(file.parent, another) if file.name in names else another


def _test_file(run: Path) -> Path:
    """The test file of the data on which a run was trained."""
    hint = "give --data FILE: a prepared test.safetensors, or an .npz with x and y"
    record = run / "provenance.json"
    if not record.is_file():
        raise InputError(run, "has no provenance.json, which names its data", hint)
    parents = files.read_json(record, hint).get("parents")
    if not isinstance(parents, dict) or "data" not in parents:
        raise InputError(record, "is no record of a run", hint)
    for file in sorted(Path("data/prepared").glob("*/*/train.safetensors")):
        if files.sha256(file) == parents["data"]:
            return file.with_name("test.safetensors")
    raise InputError(run, "was trained on data that are not in data/prepared", hint)


def _arrays(path: Path) -> Samples:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            x_NX, y_N = np.asarray(held["x"]), np.asarray(held["y"])
    except Exception as error:  # numpy raises many types for bytes that are no arrays
        raise InputError(path, f"does not hold arrays x and y ({error})", "save them with numpy.savez") from error
    if not np.issubdtype(y_N.dtype, np.integer) or y_N.ndim != 1 or len(x_NX) != len(y_N) or not len(y_N):
        raise InputError(path, f"y is {y_N.dtype} {y_N.shape} beside x {x_NX.shape}", "give a class for every sample")
    if x_NX.dtype.kind not in "biuf" or not np.isfinite(x_NX).all() or np.abs(x_NX).max() > LARGEST:
        raise InputError(path, "x holds values that are no finite 32-bit numbers", "fix the samples")
    binary = x_NX.ndim == 5 and bool(np.isin(x_NX, (0, 1)).all())
    x, y = torch.from_numpy(x_NX.astype(np.float32)), torch.from_numpy(y_N.astype(np.int64))
    return Samples(x, y, mean_C=torch.zeros(1), std_C=torch.ones(1), normalise="none", spikes=binary)


def _check(net: Network, shown: Samples, where: Path) -> None:
    architecture, y_N = net.architecture, shown.y_N
    sample, wanted = tuple(shown.x_NX.shape[1:]), tuple(architecture.input_shape)
    frames = len(sample) - len(wanted)
    fits = frames == 0 or (frames == 1 and len(wanted) == 3 and architecture.steps in (1, sample[0]))
    if not fits or sample[frames:] != wanted:
        steps = f", one at each of {architecture.steps} steps" if frames == 1 and len(wanted) == 3 else ""
        raise InputError(where, f"samples are {sample}, the network takes {wanted}{steps}", "give data that fit")
    if y_N.is_floating_point() or int(y_N.max()) >= architecture.outputs or int(y_N.min()) < 0:
        found = f"classes are {int(y_N.min())} to {int(y_N.max())}, the network has {architecture.outputs} outputs"
        raise InputError(where, found, "give data that fit")


def _layers(net: Network, operations: Sequence[Operations]) -> pd.DataFrame:
    rows = []
    for i, (layer, work) in enumerate(zip(net.layers, operations, strict=True), start=1):
        kind, shape = type(layer.spec).__name__.lower(), "x".join(map(str, layer.output_shape))
        rows.append({"layer": i, "kind": kind, "shape": shape, **asdict(work)})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Inference(Operations):
    """Operations of a network, with the steps of an inference."""

    steps_eval: int


def _prices(operations: Sequence[Operations], steps: int) -> pd.DataFrame:
    work = _Inference(**asdict(total(operations)), steps_eval=steps)
    first = next(layer for layer in operations if layer.dense_macs)
    rows: list[dict[str, object]] = []
    for name in params.names("energy"):
        convention: Energy = params.load("energy", name)
        parts, dense = parts_nj(work, convention), same_layers_nj(work, convention)
        energy = sum(parts.values())
        row: dict[str, object] = {
            "convention": name,
            "energy_nj": energy,
            **{f"{part}_nj": parts[part] for part in PARTS},
        }
        row["share_first_layer"] = first_layer_nj(asdict(first), convention) / energy if energy else None
        row |= {"same_layers_nj": dense, "of_same_layers": energy / dense}
        row["spikes_per_neuron"] = spikes_per_neuron(work) if work.neuron_updates else None
        even = break_even(work, convention, dense, first.acs) if work.neuron_updates else None
        rows.append({**row, "break_even_spikes_per_neuron": even, "description": convention.convention})
    return pd.DataFrame(rows)


def _curves(net: Network, shown: Samples, models: Mapping[str, Noise], chips: int, clean: float) -> pd.DataFrame:
    rows: list[dict[str, object]] = [{"noise": None, "level": None, "chip": None, "draw": None, "accuracy": clean}]
    for noise, model in models.items():
        for level in model.levels:
            parts = params.noise_parts(model, level)
            for number in range(chips):
                made = chip.manufacture(net, parts, number)
                value = score(made.network.predict, shown).value
                rows.append({"noise": noise, "level": level, "chip": number, "draw": made.draw, "accuracy": value})
    return pd.DataFrame(rows)
