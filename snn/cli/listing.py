"""The command list: methods, networks, data sets, noise, energy, experiments, one per row. No torch."""

import csv
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tabulate import tabulate

from snn.cli import conditions
from snn.config import Experiment, Method, Network, Noise, params
from snn.config.documents import Thing
from snn.config.layers import described
from snn.core.errors import InputError
from snn.model.graph import sizes, with_readout
from snn.pipeline.plan import Plan

RUN = ("methods", "networks", "datasets")  # kinds that experiments run; of each it is told how many do
WIDEST = 60  # characters of a line of a cell
GAP = 2  # between columns
NARROWEST = 30  # characters of a column with texts
PADDING = 2  # that tabulate leaves beside a heading
COLUMNS = {
    "datasets": ("loader", "task", "input_shape", "classes"),
    "methods": ("rule", "training.epochs", "training.optimiser", "training.lr"),
    "energy": ("precision", "mac_pj", "ac_pj", "neuron_update_pj", "first_layer", "convention"),
}


def listing(kind: str, style: str) -> None:
    """Print everything of a kind as a table (`style` table) or as CSV (csv)."""
    experiments = _experiments() if kind in RUN else {}
    rows: list[dict[str, object]] = []
    for name in params.names(kind):
        thing = params.load(kind, name)
        used = {"experiments": experiments[kind][name] or "-"} if kind in RUN else {}
        source = {"source": thing.source.strip()} if kind in COLUMNS or isinstance(thing, Noise) else {}
        rows.append({"name": name, **_described(kind, thing), **used, **source})
    if style == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        print(aligned(rows))


def aligned(rows: Sequence[Mapping[str, object]], width: int | None = None) -> str:
    """Rows as a table for a terminal: numbers to the right, long cells wrapped between words.

    `width`: characters of a line, where no word is longer; None: those of the terminal, any number if there is none.
    Where texts would become columns of single words, every cell has a line of its own.
    """
    cells = [{key: f"{v:,}" if isinstance(v, int) else str(v) for key, v in row.items()} for row in rows]
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    widths = _widths(cells, width)
    if width is not None and _whole(widths) > width and any(len(v) > WIDEST for row in cells for v in row.values()):
        return "\n".join(_record(row, width) for row in cells)
    wrapped = [{key: _wrapped(text, widths[key]) for key, text in row.items()} for row in cells]
    numbers = [any(isinstance(row[key], int | float) for row in rows) for key in (rows[0] if rows else ())]
    sides = ["right" if number else "left" for number in numbers]
    heads = {key: _wrapped(key, wide - PADDING) for key, wide in widths.items()}
    return tabulate(wrapped, headers=heads, tablefmt="plain", colalign=sides, disable_numparse=True)


def _widths(cells: Sequence[Mapping[str, str]], width: int | None) -> dict[str, int]:
    """Characters of every column: at most `WIDEST`, and less in the widest ones until a line has `width`.

    No column is narrower than its longest word, and those that hold texts not than `NARROWEST`.
    """
    least, found = {}, {}
    for key in cells[0] if cells else ():
        longest = max(len(row[key]) for row in cells)
        words = [len(word) for row in cells for word in row[key].split()]
        least[key] = max(*words, *(len(word) + PADDING for word in key.split()), NARROWEST * (longest > WIDEST), 1)
        found[key] = max(least[key], min(WIDEST, longest), len(key) + PADDING)
    while width is not None and _whole(found) > width:
        able = [key for key in found if found[key] > least[key]]
        if not able:
            break
        found[max(able, key=found.__getitem__)] -= 1
    return found


def _whole(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _record(row: Mapping[str, str], width: int) -> str:
    """The first cell of a row, and below it a line per other cell, indented."""
    first, *others = row
    return "\n".join([_wrapped(row[first], width), *(_wrapped(f"{key}: {row[key]}", width, "  ") for key in others)])


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """Text in lines of a width, unless a word is longer."""
    wrapper = textwrap.TextWrapper(width, indent, 2 * indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.wrap(text)) or text


def _experiments() -> dict[str, Counter[str]]:
    """How many experiments run each method, network and data set; one that cannot be planned runs none."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in RUN}
    for name in params.names("experiments"):
        with suppress(InputError):
            grid = Plan(name)
            runs = {run for job in grid.runs for run in (job, job.teacher, job.start) if run}
            found["methods"].update({run.method_name for run in runs})
            found["networks"].update([grid.experiment.network])
            found["datasets"].update([grid.experiment.dataset])
    return found


def _described(kind: str, thing: Thing) -> dict[str, object]:
    if isinstance(thing, Network):
        layers = with_readout(thing.layers, thing.outputs)
        all_sizes = sizes(thing.input_shape, layers)
        totals = {
            field: sum(getattr(size, field) for size in all_sizes) for field in ("parameters", "macs", "macs_padded")
        }
        words = {"in words": described(thing.layers, thing.outputs, thing.input_shape).partition(";")[0]}
        shape = "x".join(map(str, thing.input_shape))
        return {
            "layers": len(layers),
            "input": shape,
            "outputs": thing.outputs,
            **totals,
            "layout": thing.layout,
            **words,
        }
    if isinstance(thing, Experiment):
        return {
            "dataset": thing.dataset,
            "network": thing.network,
            "steps": thing.steps,
            "methods": " ".join(thing.methods),
            "seeds": len(thing.seeds),
            "noise": " ".join(hardware.noise for hardware in thing.hardware),
        }
    if isinstance(thing, Noise):
        levels = ",".join(f"{level:g}" for level in thing.levels)
        return {"models": " + ".join(part.model for part in thing.models), "levels": levels, "level": thing.level}
    document = thing.model_dump(mode="json")
    norm = {"norm": conditions.norm(thing)} if isinstance(thing, Method) else {}
    return {**{key.split(".")[-1]: _cell(document, key) for key in COLUMNS[kind]}, **norm}


def _cell(document: Mapping[str, Any], key: str) -> object:
    value: Any = document
    for part in key.split("."):
        value = value[part]
    if isinstance(value, list):
        return ("x" if all(isinstance(item, int) for item in value) else ",").join(map(str, value))
    return value
