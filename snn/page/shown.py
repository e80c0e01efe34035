"""The tables of the page: every row of the report's tables, the ranked methods, layers and costs. No torch.

A column that has one value in all rows, or none, is told once above its table. The columns in
`heads.FIRST` are shown at first, the others when asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.page.behind import CLEAN, KEY, Behind
from snn.page.digits import exact, rounded
from snn.page.heads import FIRST, Head, title, unit_of
from snn.page.ingredients import ingredients, named
from snn.report import columns
from snn.report.answer import Answer
from snn.report.collected import TABLES, CostRow
from snn.report.metric import Metric
from snn.report.sections import Section

LAYERS = ["spikes", "sparsity", "acs", "macs_once", "neuron_updates"]


class Cell(NamedTuple):
    """A cell as it is read, and with all its digits."""

    text: str
    exact: str


class Row(NamedTuple):
    """A row: its cells, the methods and the column of runs.csv that it is about, and the groups of runs behind it."""

    cells: list[Cell]
    named: str
    methods: list[str]
    behind: list[int]


class Same(NamedTuple):
    """A column with one value in all rows: name in files, title, the value with all digits, and as it is read."""

    name: str
    title: str
    exact: str
    text: str


class Table(NamedTuple):
    """A table of the page. `same`: columns with one value in all rows, or none."""

    name: str
    heads: list[Head]
    rows: list[Row]
    same: list[Same]

    @property
    def constants(self) -> dict[str, str]:
        """The columns in `same` with all digits, by name, for the file that is saved."""
        return {one.name: one.exact for one in self.same}


def section(name: str, frame: pd.DataFrame, behind: Behind) -> Table:
    """A table of the report, with the columns that its section declares."""
    part = Section(name)
    return table(
        name,
        frame,
        part.load("table").COLUMNS,
        behind.inputs.metric,
        SIDES.get(name, _by_condition)(behind),
        FIRST.get(name),
        part.rows_in_metric(frame),
        convention=behind.inputs.experiment.energy,
    )


def table(
    name: str,
    frame: pd.DataFrame,
    described: Mapping[str, Column],
    metric: Metric,
    sides: Callable[[Mapping[str, Any]], tuple[list[str], list[int]]],
    first: Sequence[str] | None = None,
    in_metric: pd.Series | None = None,
    whole: bool = False,
    convention: str = "",
) -> Table:
    """A table of the page; `sides` tells methods and groups of a row, `in_metric` which rows are in its unit.

    `whole`: keep columns with one value in all rows. `convention`: of energy, that of the experiment.
    """
    varied = [c for c in frame if whole or frame[c].nunique(dropna=False) > 1 or c in (first or ())[:2]]
    varied = varied or list(frame)
    fixed = {c: frame[c].iloc[0] for c in frame if c not in varied and len(frame)}
    same = [
        Same(c, title(name, c), "" if pd.isna(value) else str(value), rounded(value, described[c].unit, metric))
        for c, value in fixed.items()
    ]
    number = {column: pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != bool for column in varied}
    heads = [
        Head(
            c,
            unit_of(name, c, described[c].unit, metric),
            described[c].meaning,
            number[c],
            first is None or c in first,
            title(name, c),
            ingredients(name, c),
        )
        for c in varied
    ]
    rows = []
    own = [True] * len(frame) if in_metric is None else in_metric.tolist()
    for record, mine in zip(frame.to_dict("records"), own, strict=True):
        cells = []
        for head in heads:
            unit, value = described[head.name].unit, record[head.name]
            text = rounded(value, unit, metric) if mine or unit != METRIC else in_own_unit(value, record, metric)
            cells.append(Cell(text, str(exact(value)) if head.number and pd.notna(value) else text))
        rows.append(Row(cells, named(record, convention), *sides(record)))
    return Table(name, heads, rows, same)


def in_own_unit(value: Any, record: Mapping[str, Any], metric: Metric) -> str:
    """A cell of a row that is not in the unit above its column: of operations, energy, or a ratio."""
    column = str(record.get("column", ""))
    unit = columns.unit_of(column, str(record.get("metric", "")), str(record.get("of")))
    return f"{rounded(value, '', metric)} {unit}".rstrip() if pd.notna(value) else ""


def ranked(answer: Answer, behind: Behind) -> Table:
    """Clean networks at their own steps, the best test mean first, each beside the best and beside its teacher."""
    summary, metric = Section("summary").load("table").COLUMNS, behind.inputs.metric
    best, clean = answer.best, answer.clean.reset_index(drop=True)
    frame = clean[["method", "steps", "value_test_mean", "value_test_ci95", "n", "diverged"]].copy()
    beside = {"best": answer.beside_best, "teacher": answer.beside_teacher}
    for name, versus in beside.items():
        found = [versus.get(method) for method in frame.method]
        frame[f"beside_{name}"] = [one.difference if one else float("nan") for one in found]
        frame[f"verdict_{name}"] = [one.verdict if one else "" for one in found]
    frame.loc[frame.method == best, "verdict_best"] = "best mean"
    frame.loc[frame.method.isin(behind.inputs.spiking.values()), "verdict_best"] = "teacher ANN"
    work = ["acs", f"macs_{behind.inputs.energy.first_layer}", "energy_nj", "energy_of_teacher"]
    frame = frame.join(clean[["value_val_mean", *work, "flags"]])
    dull = [name for name in ("diverged", "flags") if not frame[name].fillna(0).astype(bool).any()]
    frame = frame.drop(columns=dull)
    described = {
        **{name: summary[name] for name in frame if name in summary},
        "beside_best": Column(METRIC, f"test mean minus that of {best}, the best spiking method; paired by seed"),
        "verdict_best": Column("", f"whether the interval of that difference tells the method from {best}"),
        "beside_teacher": Column(METRIC, "test mean minus that of the teacher ANN; paired by seed"),
        "verdict_teacher": Column("", "whether the interval of that difference tells the method from its teacher"),
    }
    return table("ranked", frame, described, metric, _by_condition(behind), whole=True)


def layers(behind: Behind) -> Table:
    """Operations of every layer at the steps trained with: means over seeds."""
    rows, described = behind.inputs.collected["layers"], TABLES["layers"].columns()
    key = ["method", "layer", "kind", "shape"]
    frame = rows.groupby(key, sort=False, as_index=False)[LAYERS].mean()
    frame.insert(5, "rate", frame.spikes / frame.neuron_updates.where(frame.neuron_updates > 0))
    described = {**{name: described[name] for name in [*key, *LAYERS]}}
    described["rate"] = Column("", "spikes per neuron and step")
    return table("layers", frame, described, behind.inputs.metric, _by_condition(behind))


def costs(behind: Behind) -> Table:
    """What the results of each method and stage cost, in sum."""
    own = CostRow.columns()
    grouped = behind.costs.groupby(["method", "stage"], sort=False)
    frame = grouped.agg(
        results=("path", "size"),
        seconds=("seconds", "sum"),
        cpu_seconds=("cpu_seconds", "sum"),
        peak_mb=("peak_mb", "max"),
    ).reset_index()
    described = {
        "method": columns.RUN["method"],
        "stage": Column("", "train, tune, calibrate, evaluate"),
        "results": Column("results", "of this stage"),
        "seconds": Column("s", f"sum over them: {own['seconds'].meaning}"),
        "cpu_seconds": Column("s", f"sum over them: {own['cpu_seconds'].meaning}"),
        "peak_mb": Column("MB", f"largest of them: {own['peak_mb'].meaning}"),
    }
    return table("costs", frame, described, behind.inputs.metric, _by_condition(behind))


Sides = Callable[[Mapping[str, Any]], tuple[list[str], list[int]]]


def _by_condition(behind: Behind) -> Sides:
    """Sides of rows that name one method, and what they do of its condition."""

    def sides(row: Mapping[str, Any]) -> tuple[list[str], list[int]]:
        method = row["method"]
        if not method:
            return [], []
        on = {name: row[name] for name in KEY if name in row and name != "method" and pd.notna(row[name])}
        return [method], behind.of(method, **{**CLEAN, **on})

    return sides


def _on_chips(behind: Behind) -> Sides:
    def sides(row: Mapping[str, Any]) -> tuple[list[str], list[int]]:
        place = {name: row[name] for name in ("noise", "level")}
        treated = {name: row[name] for name in ("calibrator", "targets", "control")}
        before = behind.of(row["method"], condition="noisy", **place)
        after = behind.of(row["method"], condition="calibrated", **place, **treated)
        return [row["method"]], [*behind.of(row["method"], **CLEAN), *before, *after]

    return sides


def _of_comparisons(behind: Behind) -> Sides:
    def sides(row: Mapping[str, Any]) -> tuple[list[str], list[int]]:
        keys = [(row["left"], row["left_on"]), (row["right"], row["right_on"])]
        return list(dict.fromkeys(method for method, _ in keys)), [
            g for key in keys for g in behind.made_of(behind.sides[key])
        ]

    return sides


def _of_claims(behind: Behind) -> Sides:
    claims = behind.inputs.claims
    known = {(c.claim, c.column): (c.left, c.right) for c in claims.claims}
    ratios = {(r.claim, r.column): (r.more, r.fewer) for r in claims.ratios}

    def sides(row: Mapping[str, Any]) -> tuple[list[str], list[int]]:
        key = row["claim"], row["column"]
        if key in ratios:
            return list(ratios[key]), [g for method in ratios[key] for g in behind.of(method, **CLEAN)]
        pair = known[key]
        return list(dict.fromkeys(side.method for side in pair)), [g for side in pair for g in behind.made_of(side)]

    return sides


def _of_ratios(behind: Behind) -> Sides:
    def sides(row: Mapping[str, Any]) -> tuple[list[str], list[int]]:
        methods = [row["more"], row["fewer"]]
        return methods, [group for method in methods for group in behind.of(method, **CLEAN)]

    return sides


SIDES: dict[str, Callable[[Behind], Sides]] = {
    "hardware": _on_chips,
    "comparisons": _of_comparisons,
    "claims": _of_claims,
    "ratios": _of_ratios,
}
