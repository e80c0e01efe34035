"""Warnings that a reader of a result needs, in a few words: the column `flags` of the summary. No torch.

n < 5           intervals are wide, and their coverage at so few seeds rests on simulation alone
2 diverged      so many seeds, scored with their last good epoch or untrained
lr at the edge  of its grid: a better learning rate may be beyond
at chance       the 95 % interval of the accuracy reaches that of guessing
layer 3 silent  it fires below the rate at which training warns; `saturated`: at nearly every step
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from snn.report.select import own_steps
from snn.training.records import QUIET

FEW = 5  # seeds
SATURATED = 1 - QUIET
AT_CHANCE = "at chance"


def of_row(row: Mapping[str, Any], classes: int | None, layers: Mapping[str, str]) -> str | None:
    """The flags of a row of the summary; None without any. `layers`: those of clean networks at their own steps."""
    found = []
    if row["n"] < FEW:
        found.append(f"n < {FEW}")
    if row["diverged"]:
        found.append(f"{row['diverged']} diverged")
    if row["lr_at_edge"] is True:
        found.append("lr at the edge")
    if classes and row["metric"] == "accuracy" and row["value_test_mean"] - row["value_test_ci95"] <= 1 / classes:
        found.append(AT_CHANCE)
    if row["condition"] == "clean" and row["steps_eval"] == row["steps"] and row["method"] in layers:
        found.append(layers[row["method"]])
    return ", ".join(found) or None


def of_layers(layers: pd.DataFrame) -> dict[str, str]:
    """Layers that are silent or saturated under any seed, by method; `layers` are rows of layers.csv."""
    hidden = layers[layers.neuron_updates > 0]
    rate = hidden.spikes / hidden.neuron_updates
    named = hidden.assign(silent=rate < QUIET, saturated=rate > SATURATED)
    last = layers.groupby("method").layer.max()
    found: dict[str, list[str]] = {}
    for (method, layer), own in named.groupby(["method", "layer"]):
        for word in ("silent", "saturated"):
            if own[word].any() and layer < last[method]:
                found.setdefault(method, []).append(f"layer {layer} {word}")
    return {method: ", ".join(words) for method, words in found.items()}


def by_method(summary: pd.DataFrame) -> dict[str, str]:
    """The flags of clean networks, by method."""
    clean = own_steps(summary)
    return {row.method: row.flags for row in clean.itertuples() if isinstance(row.flags, str)}
