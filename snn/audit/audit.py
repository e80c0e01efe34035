"""Audit any network: its operations, its energy under every convention and its accuracy on noisy chips, as tables and a
page. Nothing is trained.

The network is a run or a NIR file. Data are a prepared test file, or an .npz with x (N, C, H, W) or (N, T, C, H, W) and
y (N,).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch

from snn.audit import figures
from snn.audit.inputs import check, load, read_samples, test_file
from snn.audit.page import page
from snn.config import Energy, Noise, params
from snn.config.levels import noise_parts
from snn.core import files
from snn.data.samples import Samples
from snn.energy.counter import Operations, total
from snn.energy.prices import break_even, first_layer_nj, parts_nj, same_layers_nj, spikes_per_neuron
from snn.evaluation.evaluate import measure
from snn.hardware import chip
from snn.model.network import Network
from snn.report.canvas import save
from snn.training.validation import score

NOISES = ("mismatch", "quantisation_channel", "silencing", "stuck")
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
    shown = read_samples(data or test_file(model if model.is_dir() else model.parent))
    if limit is not None:
        shown = shown.take(torch.arange(min(limit, len(shown))))
    check(net, shown, data or model)
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
            parts = noise_parts(model, level)
            for number in range(chips):
                made = chip.manufacture(net, parts, number)
                value = score(made.network.predict, shown).value
                rows.append({"noise": noise, "level": level, "chip": number, "draw": made.draw, "accuracy": value})
    return pd.DataFrame(rows)
