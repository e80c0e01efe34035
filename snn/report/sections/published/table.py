"""Published figures beside ours, with the gap where there is one to speak of. No torch.

A figure belongs to a data set, network, method and number of steps; ours is the mean over seeds of the clean network,
trained and evaluated with these steps. A gap asks for a network whose layout a source states, for steps that a source
states, and for a figure that was read, quoted or digitised: what is only remembered is shown and no more. Ours is
judged by `held_out`: the epoch is chosen on validation data. Papers mostly choose it on test data, or do not say.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from snn.config import Figure
from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.select import own_steps

TRUST = ("read", "quoted", "digitised", "memory")  # the first at hand stands in the summary
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
    """Accuracies and errors; the others are ratios."""
    return table.metric.isin(["accuracy", "error"])


def beside(figures: Sequence[Figure], summary: pd.DataFrame, layout: str) -> pd.DataFrame:
    """One row a published figure for the data set of this experiment, in the order of the file."""
    ours = own_steps(summary).set_index("method")
    rows = [
        {**figure.model_dump(), **_ours(figure, ours, layout)}
        for figure in figures
        if figure.dataset in set(summary.dataset)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"steps": "Int64", "n": "Int64"})


def beside_summary(summary: pd.DataFrame, figures: Sequence[Figure], layout: str) -> pd.DataFrame:
    """Add the most trustworthy published accuracy to each clean row, its trust, and how far we lie above it."""
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
    """What stands beside a figure; `rows` are those of the summary, by method."""
    if figure.method not in rows.index:
        return {"no_gap": "not run here"}
    row = rows.loc[figure.method]
    if figure.network != row.network or figure.steps not in (None, row.steps) or row.metric != "accuracy":
        return {"no_gap": "not run here"}
    if figure.metric not in ("accuracy", "error"):
        return {"no_gap": "a ratio: papers differ in what they count"}
    mean = row.value_test_mean if figure.metric == "accuracy" else 1 - row.value_test_mean
    why = _no_gap(figure, layout)
    said = {"ours_mean": mean, "ours_ci95": row.value_test_ci95, "n": row.n, "protocol": row.protocol}
    return {**said, "gap": None if why else mean - figure.value, "no_gap": why}


def _no_gap(figure: Figure, layout: str) -> str | None:
    """Why an accuracy or error has no gap, if it has none."""
    if figure.trust == "memory":
        return "remembered"
    if figure.steps is None:
        return "no source states the steps"
    return None if layout == "published" else "the layout is ours"
