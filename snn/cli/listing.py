"""What there is to choose from, one thing in a row: methods, networks, data sets, noise, energy, experiments."""

import csv
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from snn.config import params
from snn.model.graph import sizes, with_readout


def listing(kind: str, style: str) -> None:
    """Print the things of a kind, one a row."""
    rows = [{"name": name, **_described(kind, params.load(kind, name))} for name in params.names(kind)]
    if style == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        print(_aligned(rows))


def _described(kind: str, thing: Any) -> dict[str, object]:
    if kind == "networks":
        layers = with_readout(thing.layers, thing.outputs)
        all_sizes = sizes(thing.input_shape, layers)
        totals = {
            field: sum(getattr(size, field) for size in all_sizes) for field in ("parameters", "macs", "macs_padded")
        }
        shape = "x".join(map(str, thing.input_shape))
        return {"layers": len(layers), "input": shape, "outputs": thing.outputs, **totals, "layout": thing.layout}
    if kind == "experiments":
        return {
            "dataset": thing.dataset,
            "network": thing.network,
            "steps": thing.steps,
            "methods": " ".join(thing.methods),
            "seeds": len(thing.seeds),
            "noise": " ".join(hardware.noise for hardware in thing.hardware),
        }
    if kind == "noise":
        levels = ",".join(f"{level:g}" for level in thing.levels)
        models = " + ".join(part.model for part in thing.models)
        return {"models": models, "levels": levels, "level": thing.level, "source": thing.source.strip()}
    shown = {
        "datasets": ("loader", "task", "input_shape", "classes"),
        "methods": ("rule", "training.epochs", "training.optimiser", "training.lr"),
        "energy": ("precision", "mac_pj", "ac_pj", "neuron_update_pj", "first_layer", "convention"),
    }[kind]
    document = thing.model_dump(mode="json")
    return {key.split(".")[-1]: _cell(document, key) for key in shown} | {"source": thing.source.strip()}


def _cell(document: Mapping[str, Any], key: str) -> object:
    value: Any = document
    for part in key.split("."):
        value = value[part]
    if isinstance(value, dict):
        return " ".join(f"{name}={_join(item)}" for name, item in value.items())
    return _join(value)


def _join(value: object) -> object:
    if not isinstance(value, list):
        return value
    return ("x" if all(isinstance(item, int) for item in value) else ",").join(map(str, value))


def _aligned(rows: Iterable[Mapping[str, object]]) -> str:
    """Columns side by side; numbers to the right, a long last column cut."""
    rows = list(rows)
    cells = [list(rows[0]), *([f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()] for row in rows)]
    widths = [min(max(len(row[i]) for row in cells), 60) for i in range(len(cells[0]))]
    right = [isinstance(value, int | float) for value in rows[0].values()]
    lines = []
    for row in cells:
        cut = [cell if len(cell) <= 60 else cell[:57] + "..." for cell in row]
        lines.append(
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cut, widths, right, strict=True)).rstrip()
        )
    return "\n".join(lines)
