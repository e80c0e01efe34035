"""How many seeds would resolve a point or half a point, pair by pair, from the spreads in comparisons.csv. No torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from snn.report.intervals import MOST_SEEDS
from snn.report.markdown import table
from snn.report.metric import SHOWN, Metric
from snn.report.pairs import OUTCOME
from snn.report.sections.comparisons.table import COLUMNS, estimate, rows_in_metric
from snn.report.units import from_files
from snn.report.verdicts import WITHIN

NEEDED = ("column", "family", "level", "samples", "se_seeds", "se_samples", "se_rest")
POINTS = {"seeds for a point": WITHIN, "half a point": WITHIN / 2}
SAMPLES = "more test samples"
WITHOUT_END = 10**9  # seeds, whose own spread hides nothing


def page(comparisons: Mapping[str, pd.DataFrame], marks: Mapping[str, str]) -> str:
    """The primary pairs of every experiment, by its name, from its comparisons.csv as it is in the file.

    `marks`: what stands below the table of an experiment. Experiments whose table has other columns, as those of older
    code, or no primary pairs, are only named.
    """
    parts = [
        f"### {name}\n\n{_level(pairs)}\n\n{table(_columns(pairs))}\n{marks[name]}"
        for name, pairs in ((name, primary(found)) for name, found in comparisons.items())
        if len(pairs)
    ]
    older = [name for name, found in comparisons.items() if not today(found)]
    without = [name for name, found in comparisons.items() if today(found) and primary(found).empty]
    for names, reason in ((older, "Tables of older code, without these numbers"), (without, "No primary pairs")):
        if names:
            parts.append(f"{reason}: {', '.join(f'`{name}`' for name in names)}.\n")
    return "\n" + "\n".join(parts)


def today(comparisons: pd.DataFrame) -> bool:
    """Whether a comparisons.csv has the columns that are read here."""
    return set(NEEDED) <= set(comparisons.columns)


def primary(comparisons: pd.DataFrame) -> pd.DataFrame:
    """The primary pairs of a comparisons.csv, with accuracy as a fraction; none if it was made by older code."""
    if not today(comparisons):
        return comparisons.iloc[:0]
    rows = comparisons[(comparisons.family == "primary") & (comparisons.column == OUTCOME)]
    return from_files(rows, COLUMNS, rows.metric.iloc[0], rows_in_metric(rows)) if len(rows) else rows


def _level(pairs: pd.DataFrame) -> str:
    return f"Verdicts at the level {pairs.level.iloc[0]:.2g}, for {len(pairs)} primary pair{'s' * (len(pairs) > 1)}."


def _columns(pairs: pd.DataFrame) -> dict[str, Any]:
    metric = SHOWN[pairs.metric.iloc[0]]
    return {
        "left": pairs.left,
        "right": pairs.right,
        "n": pairs.n,
        f"difference, {metric.difference_unit}": [metric.difference(value) for value in pairs.difference],
        "interval": [_interval(metric, low, high) for low, high in pairs[["low", "high"]].to_numpy(float)],
        "detectable": ["" if pd.isna(value) else metric.value(value) for value in pairs.detectable],
        **{title: [_seeds(row, size) for row in pairs.to_dict("records")] for title, size in POINTS.items()},
    }


def _interval(metric: Metric, low: float, high: float) -> str:
    """That of the verdict; empty if there is none."""
    return "" if np.isnan(low) else f"{metric.difference(low)} to {metric.difference(high)}"


def _seeds(row: Mapping[str, Any], size: float) -> str:
    """Those that resolve a true difference of this size; empty for errors, which have no points."""
    known = estimate(row)
    if row["metric"] != "accuracy":
        return ""
    if known is None:
        return "unknown"
    seeds, hidden = known.seeds_for(size, row["level"]), known.with_seeds(WITHOUT_END).detectable(row["level"]) > size
    return str(seeds) if seeds else SAMPLES if hidden else f"more than {MOST_SEEDS:,}"
