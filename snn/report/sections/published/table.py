"""Published figures beside ours, with the gap between them. No torch.

A figure belongs to a data set, network, method and number of steps. Ours is the mean over seeds of the clean network,
trained and evaluated with these steps. There is a gap only if a source states the layout of the network and the steps,
and if the figure was read, quoted or digitised; a remembered figure is only shown. Our epoch is chosen on validation
data (protocol `held_out`); most papers choose it on test data, or do not state how.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from snn.config import Figure
from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.select import own_steps

TRUST = ("read", "quoted", "digitised", "memory")  # the summary shows the most trustworthy figure
KEY = ["dataset", "network", "method", "steps"]
COLUMNS = {
    "paper": Column("", "that reports the figure"),
    "table": Column("", "or figure in the paper"),
    "dataset": Column("", "file in params/datasets"),
    **columns.of_runs(["network", "method", "steps"]),
    "metric": Column("", "accuracy, error, synops_ratio or energy_ratio"),
    "trust": Column("", "how the figure is known: read, quoted, digitised, memory"),
    "value": Column(METRIC, "that the paper reports"),
    "spread": Column(METRIC, "standard deviation that the paper reports"),
    "tolerance": Column(METRIC, "to which a digitised figure is known"),
    "note": Column("", "on the figure"),
    "ours_mean": Column(METRIC, "our mean over seeds"),
    "ours_ci95": Column(METRIC, "half its 95 % interval"),
    "n": columns.N,
    "protocol": columns.RUN["protocol"],
    "gap": Column(METRIC, "ours minus theirs"),
    "no_gap": Column("", "why there is none"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return beside(inputs.published.figures, inputs.table("summary"), inputs.layout)


def rows_in_metric(table: pd.DataFrame) -> pd.Series:
    """The rows with accuracies and errors; others are ratios."""
    return table.metric.isin(["accuracy", "error"])


def beside(figures: Sequence[Figure], summary: pd.DataFrame, layout: str) -> pd.DataFrame:
    """One row per published figure for the data set of this experiment, in the order of the file."""
    ours = own_steps(summary).set_index("method")
    rows = [
        {**figure.model_dump(), **_ours(figure, ours, layout)}
        for figure in figures
        if figure.dataset in set(summary.dataset)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"steps": "Int64", "n": "Int64"})


def beside_summary(summary: pd.DataFrame, figures: Sequence[Figure], layout: str) -> pd.DataFrame:
    """Add to each clean row the most trustworthy published accuracy, its trust, and our value minus it."""
    best: dict[tuple, Figure] = {}
    for figure in sorted(figures, key=lambda figure: TRUST.index(figure.trust)):
        if figure.metric in ("accuracy", "error"):
            best.setdefault(tuple(getattr(figure, name) for name in KEY), figure)
    columns: dict[str, list[Any]] = {"published": [], "trust": [], "above_published": []}
    ours = own_steps(summary)
    for row in summary.itertuples():
        comparable = row.Index in ours.index and row.metric == "accuracy"
        known = best.get(tuple(getattr(row, name) for name in KEY)) if comparable else None
        value = None if known is None else known.value if known.metric == "accuracy" else 1 - known.value
        gap = known is not None and not _no_gap(known, layout)
        columns["published"].append(value)
        columns["trust"].append(known and known.trust)
        columns["above_published"].append(row.value_test_mean - value if gap else None)
    return summary.assign(**columns).astype({"published": float, "above_published": float})


def _ours(figure: Figure, rows: pd.DataFrame, layout: str) -> dict[str, Any]:
    """The columns with our values for a published figure; `rows` are those of the summary, by method."""
    if figure.method not in rows.index:
        return {"no_gap": "not run here"}
    row = rows.loc[figure.method]
    if figure.network != row.network or figure.steps not in (None, row.steps) or row.metric != "accuracy":
        return {"no_gap": "not run here"}
    if figure.metric not in ("accuracy", "error"):
        return {"no_gap": "a ratio: papers differ in what they count"}
    mean = row.value_test_mean if figure.metric == "accuracy" else 1 - row.value_test_mean
    why = _no_gap(figure, layout)
    ours = {"ours_mean": mean, "ours_ci95": row.value_test_ci95, "n": row.n, "protocol": row.protocol}
    return {**ours, "gap": None if why else mean - figure.value, "no_gap": why}


def _no_gap(figure: Figure, layout: str) -> str | None:
    """Why there is no gap between an accuracy or error and ours; None if there is one."""
    if figure.trust == "memory":
        return "remembered"
    if figure.steps is None:
        return "no source states the steps"
    return None if layout == "published" else "the layout is ours"
