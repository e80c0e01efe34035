"""Warnings that a reader of a result needs, in a few words: the column `flags` of the summary. No torch."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from snn.report.select import own_steps
from snn.training.records import QUIET

MEANINGS = {
    "n < 5": "intervals are wide, and their coverage at so few seeds rests on simulation alone",
    "2 diverged": "so many seeds, scored with their last good epoch or untrained",
    "2 collapsed": "so many seeds are nearer to chance than to the best seed: mean and interval describe neither kind",
    "lr at the edge": "of its grid: a better learning rate may be beyond",
    "at chance": "the 95 % interval of the accuracy reaches that of guessing",
    "layer 3 silent": "it fires below the rate at which training warns; saturated: at nearly every step",
}
FEW = 5  # seeds
SATURATED = 1 - QUIET
AT_CHANCE = "at chance"
COLLAPSED = "collapsed"
LEARNED = 0.25  # of the way from chance to perfect, which the best seed has come where others may have collapsed


def of_row(
    row: Mapping[str, Any], classes: int | None, layers: Mapping[str, str], collapsed: Mapping[str, int]
) -> str | None:
    """The flags of a row of the summary; None without any.

    `layers`, `collapsed`: by method, of clean networks at their own steps.
    """
    found = []
    if row["n"] < FEW:
        found.append(f"n < {FEW}")
    if row["diverged"]:
        found.append(f"{row['diverged']} diverged")
    if row["lr_at_edge"] is True:
        found.append("lr at the edge")
    if row["metric"] == "accuracy" and at_chance(row["value_test_mean"] - row["value_test_ci95"], classes):
        found.append(AT_CHANCE)
    if row["condition"] == "clean" and row["steps_eval"] == row["steps"]:
        if number := collapsed.get(row["method"], 0):
            found.append(f"{number} {COLLAPSED}")
        if row["method"] in layers:
            found.append(layers[row["method"]])
    return ", ".join(found) or None


def at_chance(low: Any, classes: int | None) -> Any:
    """Whether an accuracy whose interval has this lower end is no better than guessing; of numbers or columns.

    `classes`: of the data, equally frequent; None where there are none.
    """
    return low <= (1 / classes if classes else -math.inf)


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


def of_seeds(runs: pd.DataFrame, classes: int | None) -> dict[str, int]:
    """How many seeds collapsed, by method; `runs` are rows of runs.csv. None did where there are no classes."""
    if classes is None:
        return {}
    chance, found = 1 / classes, {}
    for method, own in own_steps(runs).groupby("method"):
        best = own.value_test.max()
        if best - chance >= LEARNED * (1 - chance):
            found[method] = int((own.value_test - chance < best - own.value_test).sum())
    return found


def by_method(summary: pd.DataFrame) -> dict[str, str]:
    """The flags of clean networks, by method."""
    clean = own_steps(summary)
    return {row.method: row.flags for row in clean.itertuples() if isinstance(row.flags, str)}
