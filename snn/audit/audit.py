"""What a network costs and what noise does to it, whoever trained it: operations, energy under every convention,
accuracy on noisy chips, as tables and a page. Nothing is trained.

The network is a run of ours or a NIR file (`exchange`), the data a prepared test file or arrays x (N, C, H, W) or
(N, T, C, H, W) and y (N,) in an .npz.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from snn.audit import figures
from snn.audit.page import page
from snn.config import params
from snn.core import files
from snn.core.errors import InputError, remake
from snn.data import samples as data
from snn.energy import counter
from snn.energy import prices as joules
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


@dataclass(frozen=True)
class Given:
    """Samples as they are in a file, in the shape of `data.Split` where it is looked at."""

    x_NX: Tensor
    y_N: Tensor
    spikes: bool

    def __len__(self) -> int:
        return len(self.y_N)

    def in_order(self, batch: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches; frames with time first."""
        for x_BX, y_B in zip(self.x_NX.split(batch), self.y_N.split(batch), strict=True):
            yield x_BX.transpose(0, 1) if x_BX.dim() == 5 else x_BX, y_B


def audit(
    model: Path,
    samples: Path | None,
    out: Path,
    steps: int | None = None,
    dt: float | None = None,
    noises: Sequence[str] = NOISES,
    chips: int = 3,
    limit: int | None = None,
) -> Path:
    """Write layers.csv, energy.csv, noise.csv, figures and audit.html into `out`; returns the page.

    Raises InputError naming what is wrong with the network, the data or their fit.
    """
    models = {name: params.load("noise", name) for name in noises}
    parts = {name: [(level, params.noise_parts(own, level)) for level in own.levels] for name, own in models.items()}
    net = load(model, steps, dt)
    split = _limited(_samples(model, samples), limit)
    _check(net, split, samples or model)
    clean, operations = measure(net, split)
    layers = _layers(net, operations)
    prices = _prices(operations, net.architecture.steps)
    curves = _curves(net, split, parts, chips, clean.value)
    facts = {
        "network": str(model),
        "steps of an inference": str(net.architecture.steps),
        "samples": f"{len(split):,}",
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
    """A network from a NIR file, a run folder or its net.safetensors; `steps` of an inference in place of its own."""
    if model.suffix in NIR:
        return read_nir(model, steps, dt)
    if dt is not None:
        raise InputError("--dt", "is for NIR files, and a run of ours has steps without a length", "leave it out")
    file = model / "net.safetensors" if model.is_dir() else model
    if model.is_file() and model.suffix != ".safetensors":
        raise InputError(model, "is neither a NIR file nor a run", f"give a run folder, or a file of {', '.join(NIR)}")
    if not file.is_file():
        raise InputError(model, "is neither a run folder nor a file", "give a folder below results/runs, or a NIR file")
    net = network.load(file, torch.device("cpu"), _remedy(file, "net.safetensors"))
    return network.at_steps(net, steps) if steps and steps != net.architecture.steps else net


def _samples(model: Path, samples: Path | None) -> Any:
    if samples is None:
        samples = _test_file(model if model.is_dir() else model.parent)
    if samples.suffix == ".npz":
        return _arrays(samples)
    if samples.suffix != ".safetensors":
        raise InputError(samples, "is no file of samples", "give a prepared test.safetensors, or an .npz with x and y")
    parts = data.load(samples, torch.device("cpu"), _remedy(samples, "test.safetensors", "train.safetensors"))
    return parts.get("test") or next(iter(parts.values()))


def _remedy(file: Path, *names: str) -> str:
    """What to do about a given file that cannot be used: a result of one of these names may be damaged; any other file
    is not what was asked for, whoever made it.
    """
    another = "give another file"
    return remake(file.parent, another) if file.name in names else another


def _test_file(run: Path) -> Path:
    """The test file of the data that a run was trained on."""
    hint = "give --data FILE: a prepared test.safetensors, or an .npz with x and y"
    record = run / "provenance.json"
    if not record.is_file():
        raise InputError(run, "does not say which data it belongs to", hint)
    try:
        wanted = files.read_json(record, hint)["parents"]["data"]
    except (KeyError, TypeError) as error:
        raise InputError(record, "is no record of a run", hint) from error
    for file in sorted(Path("data/prepared").glob("*/*/train.safetensors")):
        if files.sha256(file) == wanted:
            return file.with_name("test.safetensors")
    raise InputError(run, "was trained on data that are not in data/prepared", hint)


def _arrays(path: Path) -> Given:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            x_NX, y_N = np.asarray(held["x"]), np.asarray(held["y"])
    except Exception as error:  # numpy's readers raise what they like of bytes that are no arrays
        raise InputError(path, f"does not hold arrays x and y ({error})", "save them with numpy.savez") from error
    if not np.issubdtype(y_N.dtype, np.integer) or y_N.ndim != 1 or len(x_NX) != len(y_N) or not len(y_N):
        raise InputError(path, f"y is {y_N.dtype} {y_N.shape} beside x {x_NX.shape}", "give a class for every sample")
    if x_NX.dtype.kind not in "biuf" or not np.isfinite(x_NX).all() or np.abs(x_NX).max() > LARGEST:
        raise InputError(path, "x holds what is no real number of 32 bits", "mend the samples")
    binary = x_NX.ndim == 5 and bool(np.isin(x_NX, (0, 1)).all())
    return Given(torch.from_numpy(x_NX.astype(np.float32)), torch.from_numpy(y_N.astype(np.int64)), binary)


def _limited(split: Any, limit: int | None) -> Any:
    if limit is None or limit >= len(split):
        return split
    if isinstance(split, Given):
        return Given(split.x_NX[:limit], split.y_N[:limit], split.spikes)
    return split.take(torch.arange(limit))


def _check(net: Network, split: Any, where: Path) -> None:
    architecture, y_N = net.architecture, split.y_N
    sample, wanted = tuple(split.x_NX.shape[1:]), tuple(architecture.input_shape)
    frames = len(sample) - len(wanted)
    if sample[frames:] != wanted or frames not in (0, 1) or (frames and architecture.steps not in (1, sample[0])):
        steps = f", one at each of {architecture.steps} steps" if frames == 1 else ""
        raise InputError(where, f"samples are {sample}, the network takes {wanted}{steps}", "give data that fit")
    if y_N.is_floating_point() or int(y_N.max()) >= architecture.outputs or int(y_N.min()) < 0:
        found = f"classes go from {int(y_N.min())} to {int(y_N.max())}, the network has {architecture.outputs} outputs"
        raise InputError(where, found, "give data that fit")


def _layers(net: Network, operations: Sequence[counter.Operations]) -> pd.DataFrame:
    rows = []
    for i, (layer, work) in enumerate(zip(net.layers, operations, strict=True), start=1):
        kind, shape = type(layer.spec).__name__.lower(), "x".join(map(str, layer.output_shape))
        rows.append({"layer": i, "kind": kind, "shape": shape, **asdict(work)})
    return pd.DataFrame(rows)


def _prices(operations: Sequence[counter.Operations], steps: int) -> pd.DataFrame:
    work, first = counter.total(operations), next(layer for layer in operations if layer.dense_macs)
    rows, priced = [], SimpleNamespace(**asdict(work), steps_eval=steps)
    for name in params.names("energy"):
        convention = params.load("energy", name)
        parts, dense = joules.parts_nj(priced, convention), joules.same_layers_nj(priced, convention)
        total = sum(parts.values())
        even = joules.break_even(priced, convention, dense, first.acs) if work.neuron_updates else None
        said = {"convention": name, "energy_nj": total, **{f"{part}_nj": parts[part] for part in PARTS}}
        share = joules.first_layer_nj(asdict(first), convention) / total if total else None
        rows.append({**said, "share_first_layer": share, "same_layers_nj": dense, "of_same_layers": total / dense})
        rows[-1] |= {"spikes_per_neuron": joules.spikes_per_neuron(priced) if work.neuron_updates else None}
        rows[-1] |= {"break_even_spikes_per_neuron": even, "said": convention.convention}
    return pd.DataFrame(rows)


def _curves(net: Network, split: Any, parts: dict[str, list], chips: int, clean: float) -> pd.DataFrame:
    rows = [{"noise": None, "level": None, "chip": None, "draw": None, "accuracy": clean}]
    for noise, levels in parts.items():
        for level, models in levels:
            for number in range(chips):
                made = chip.manufacture(net, models, number)
                value = score(made.network.predict, split).value
                rows.append({"noise": noise, "level": level, "chip": number, "draw": made.draw, "accuracy": value})
    return pd.DataFrame(rows)
