"""Audit any network: its operations, its energy under every convention and its accuracy on noisy chips, as tables and a
page. Nothing is trained.

The network is a run or a NIR file. Data are a prepared test file, or an .npz with x (N, C, H, W) or (N, T, C, H, W) and
y (N,).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch

from snn.audit import figures, tables
from snn.audit.inputs import check, load, read_samples, refuse_incomplete, test_file
from snn.audit.page import page
from snn.audit.requests import NOISES, noise_models
from snn.config import Noise
from snn.config.levels import noise_parts
from snn.core import files
from snn.core.errors import InputError
from snn.data.samples import Samples
from snn.evaluation.evaluate import measure
from snn.hardware import chip
from snn.model.network import Network
from snn.report.canvas import save
from snn.report.intervals import estimate
from snn.training.validation import score


class Audited(NamedTuple):
    """The page of an audit, and its numbers for a terminal."""

    page: Path
    text: str


def audit(
    model: Path,
    data: Path | None,
    out: Path,
    steps: int | None = None,
    dt: float | None = None,
    noises: Sequence[str] = NOISES,
    chips: int = 3,
    limit: int | None = None,
) -> Audited:
    """Write layers.csv, energy.csv, noise.csv, figures and audit.html into `out`.

    Raises InputError naming a network or data that cannot be read, or data that do not fit the network.
    """
    models = noise_models(noises)
    refuse_incomplete(model, steps, dt, data)
    net = load(model, steps, dt)
    shown = read_samples(data or test_file(model if model.is_dir() else model.parent))
    if limit is not None:
        shown = shown.take(torch.arange(min(limit, len(shown))))
    check(net, shown, data or model)
    with _enough_memory(net, shown):
        clean, operations = measure(net, shown)
    named = [(type(layer.spec).__name__.lower(), layer.output_shape) for layer in net.layers]
    layers = tables.layers((i, *each, work) for i, (each, work) in enumerate(zip(named, operations, strict=True), 1))
    prices = tables.energy(operations, net.architecture.steps)
    curves = _curves(net, shown, models, chips, clean.value)
    facts = {
        "network": str(model),
        "steps of an inference": str(net.architecture.steps),
        "samples": f"{len(shown):,}",
        "accuracy": _accuracy(clean.outcomes_N),
        "parameters": f"{sum(parameter.numel() for parameter in net.parameters()):,}",
    }
    drawn = {
        "layers.svg": figures.layers(layers),
        "energy.svg": figures.conventions(prices),
        "noise.svg": figures.noise(curves, clean.value),
    }
    text = tables.text(facts, layers, prices, curves)
    for name, table in (("layers", layers), ("energy", prices), ("noise", curves)):
        files.write(out / f"{name}.csv", table.to_csv(index=False))
    for name, figure in drawn.items():
        save(figure, out / name)
    pictures = {name: (out / name).read_text() for name in drawn}
    return Audited(files.write(out / "audit.html", page(facts, layers, prices, curves, pictures)), text)


@contextmanager
def _enough_memory(net: Network, shown: Samples) -> Iterator[None]:
    """Raise InputError for an inference that needs more memory than there is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate" not in str(error):
            raise
        what = f"need more memory than there is: {net.architecture.steps:,} steps of {len(shown):,} samples"
        raise InputError("audit", what, "give less of them, as --limit 100 or --steps 100") from error


def _accuracy(correct_N: torch.Tensor) -> str:
    """The accuracy with its interval, as in reports of one seed."""
    low, high = (100 * min(max(end, 0.0), 1.0) for end in estimate(correct_N.numpy()[None]).interval())
    return f"{100 * correct_N.mean():.1f} % ({low:.1f} to {high:.1f} %: 95 % interval, for new samples)"


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
