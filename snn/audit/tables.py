"""Tables of an audit: operations by layer, energy by convention, and what a terminal shows of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd
from tabulate import tabulate

from snn.config import Energy, params
from snn.energy.counter import Operations, total
from snn.energy.prices import break_even, first_layer_nj, parts_nj, same_layers_nj, spikes_per_neuron

PARTS = ("macs", "acs", "compares", "neuron_updates")
SHOWN = {"spikes": "spikes", "acs": "ACs", "macs_once": "MACs", "compares": "compares", "neuron_updates": "updates"}


def layers(rows: Iterable[tuple[object, str, Sequence[int], Operations]]) -> pd.DataFrame:
    """One row per layer, from its name or number, kind, shape and operations."""
    return pd.DataFrame(
        [
            {"layer": name, "kind": kind, "shape": "x".join(map(str, shape)), **asdict(work)}
            for name, kind, shape, work in rows
        ]
    )


@dataclass(frozen=True)
class _Inference(Operations):
    """Operations of a network, with the steps of an inference."""

    steps_eval: int


def energy(operations: Sequence[Operations], steps: int) -> pd.DataFrame:
    """Energy of an inference under every convention; at least one layer has synapses."""
    work = _Inference(**asdict(total(operations)), steps_eval=steps)
    first = next(layer for layer in operations if layer.dense_macs)
    rows: list[dict[str, object]] = []
    for name in params.names("energy"):
        convention: Energy = params.load("energy", name)
        parts, dense = parts_nj(work, convention), same_layers_nj(work, convention)
        spent = sum(parts.values())
        row: dict[str, object] = {
            "convention": name,
            "energy_nj": spent,
            **{f"{part}_nj": parts[part] for part in PARTS},
        }
        row["share_first_layer"] = first_layer_nj(asdict(first), convention) / spent if spent else None
        row |= {"same_layers_nj": dense, "of_same_layers": spent / dense}
        row["spikes_per_neuron"] = spikes_per_neuron(work) if work.neuron_updates else None
        even = break_even(work, convention, dense, first.acs) if work.neuron_updates else None
        rows.append({**row, "break_even_spikes_per_neuron": even, "description": convention.convention})
    return pd.DataFrame(rows)


def text(facts: Mapping[str, str], work: pd.DataFrame, prices: pd.DataFrame, noise: pd.DataFrame | None = None) -> str:
    """The numbers of an audit for a terminal."""
    shown = work[["layer", "kind", "shape", *SHOWN]].rename(columns=SHOWN)
    sums = {"layer": "total", "kind": "", "shape": "", **shown[list(SHOWN.values())].sum().to_dict()}
    counts = pd.concat([shown.astype({"layer": object}), pd.DataFrame([sums])], ignore_index=True)
    for name in SHOWN.values():
        counts[name] = [f"{value:,.{0 if value == int(value) else 1}f}" for value in counts[name]]
    costs = pd.DataFrame(
        {
            "convention": prices.convention,
            "energy nJ": prices.energy_nj.map("{:,.4g}".format),
            "of an ANN of the same layers": prices.of_same_layers.map("{:.3f}".format),
            "in the first layer": prices.share_first_layer.map("{:.0%}".format, na_action="ignore").fillna(""),
        }
    )
    blocks = ["\n".join(f"{name}: {value}" for name, value in facts.items()), _plain(counts, 3), _plain(costs, 1)]
    if noise is not None and len(chips := noise.dropna(subset=["noise"])):
        spread = (100 * chips.groupby(["noise", "level"], sort=False).accuracy.agg(["mean", "min", "max"])).round(1)
        names = {"mean": "accuracy %", "min": "worst chip", "max": "best chip"}
        blocks.append(_plain(spread.reset_index().astype(str).rename(columns=names), 1))
    return "\n\n".join(blocks)


def _plain(table: pd.DataFrame, words: int) -> str:
    """A table for a terminal; the first `words` columns are to the left."""
    sides = ["left"] * words + ["right"] * (len(table.columns) - words)
    return tabulate(table, headers="keys", tablefmt="plain", showindex=False, disable_numparse=True, colalign=sides)
