"""What the plots of the page draw, as data for page.js: points with intervals and the values of single seeds. No torch.

Points are [x, y, low, high, values of seeds]. A panel with `convention` is drawn under that energy convention only.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from snn.energy import prices
from snn.page.behind import Behind
from snn.page.digits import exact
from snn.report.answer import Answer
from snn.report.domains import domain
from snn.report.flags import AT_CHANCE
from snn.report.levels import axis
from snn.report.metric import Metric
from snn.report.pairs import OUTCOME
from snn.report.sections.comparisons.figure import verdict
from snn.report.select import at_own_steps, own_steps
from snn.training.records import QUIET

Plot = dict[str, Any]
LEAST_RATE = 1e-4  # smaller rates are drawn here
BEYOND = ' Arrows with numbers, bars to the edge: beyond the axis; "All values" shows them in place.'
CUT = " Low values are cut off; they are in the CSV file."


def plots(answer: Answer, behind: Behind) -> list[Plot]:
    """All plots that have something to show."""
    made = (energy_and_outcome, comparisons, claims, of_teacher, chips, steps, convergence, rates)
    return [plot for plot in (make(answer, behind) for make in made) if plot.get("panels") or plot.get("rows")]


def energy_and_outcome(answer: Answer, _: Behind) -> Plot:
    """Test outcome against energy of clean networks at their own steps, under every convention."""
    inputs, metric = answer.inputs, answer.inputs.metric
    runs, means = own_steps(inputs.runs), answer.clean.set_index("method")
    panels = []
    rows = answer.clean[answer.clean.value_test_mean.notna()]
    cut = domain(
        [(row.value_test_mean, *_ends(row.value_test_mean, row.value_test_ci95, metric)) for row in rows.itertuples()],
        [AT_CHANCE not in str(flags) for flags in rows["flags"]],
    )
    for name, convention in inputs.energies.items():
        priced = runs.assign(nj=prices.energy_nj(runs, convention))
        series = []
        for method, own in priced.groupby("method", sort=False):
            seeds = [[exact(x), exact(metric.factor * y)] for x, y in own[["nj", "value_test"]].to_numpy()]
            point = _point(own.nj.mean(), means.value_test_mean[method], means.value_test_ci95[method], metric, seeds)
            series.append({"method": method, "points": [point]})
        panels.append(
            {
                "convention": name,
                "x": {"label": "energy of one inference (nJ)", "log": True},
                "y": {"label": metric.axis("test")} | cut,
                "series": series,
            }
        )
    note = "Bars: 95 % intervals for new seeds and new test samples; small dots: single seeds. Upper left is best."
    if metric.better != "higher is better":
        note = note.replace("Upper", "Lower")
    note += BEYOND if cut else ""
    return {"name": "ranked", "title": f"Test {metric.title} against energy", "note": note, "panels": panels}


def comparisons(answer: Answer, behind: Behind) -> Plot:
    """Differences of test outcomes with their intervals."""
    table, metric = answer.tables["comparisons"], answer.inputs.metric
    rows = [
        {
            "methods": list(dict.fromkeys((row.left, row.right))),
            "label": f"{_side(row.left, row.left_on)} − {_side(row.right, row.right_on)}",
            "point": [exact(row.difference), exact(row.low), exact(row.high)],
            "seeds": behind.differences(behind.sides[row.left, row.left_on], behind.sides[row.right, row.right_on]),
            "verdict": verdict(row)[1],
        }
        for row in table[table.column == OUTCOME].itertuples()
    ]
    note = "Bars: intervals of the verdicts; small dots: single seeds. Right of 0, the left side is higher."
    band = [-1, 1] if metric.unit == "%" else []
    if band:
        note += " Grey: within a point."
    return _forest("comparisons", "Paired differences", note, rows, band, metric)


def claims(answer: Answer, behind: Behind) -> Plot:
    """Claims on differences of outcomes: what was found, and the margin."""
    table, metric = answer.tables["claims"], answer.inputs.metric
    known = {claim.claim: claim for claim in answer.inputs.claims.claims}
    rows = [
        {
            "methods": list(dict.fromkeys((known[row.claim].left.method, known[row.claim].right.method))),
            "label": row.claim,
            "point": [exact(row.found), exact(row.low), exact(row.high)],
            "seeds": behind.differences(known[row.claim].left, known[row.claim].right),
            "margin": exact(row.at_least),
            "verdict": row.verdict,
        }
        for row in table[(table.of == "difference") & (table.column == OUTCOME)].itertuples()
    ]
    note = "Bars: 95 % intervals; small dots: single seeds. Red mark: the least that the claim allows."
    note += " It holds if the whole bar is right of the mark."
    return _forest("claims", "Claims on differences", note, rows, [], metric)


def _forest(name: str, title: str, note: str, rows: list[dict[str, Any]], band: list[int], metric: Metric) -> Plot:
    """Differences with intervals, a row each, on an axis that holds those that are near, and 0."""
    points = [row["point"] for row in rows if row["point"][0] is not None]
    spans = [[value if end is None else end for end in (value, *ends)] for value, *ends in points]
    cut = domain(spans) if spans else {}
    return {
        "name": name,
        "title": title,
        "note": note + (BEYOND if cut else ""),
        "x": {"label": f"difference of test {metric.title} ({metric.difference_unit})", **cut},
        "rows": rows,
        "band": band,
    }


def of_teacher(answer: Answer, _: Behind) -> Plot:
    """Energy over that of the teacher: every method under every convention."""
    table = answer.tables["energy"]
    names = list(dict.fromkeys(table.convention))
    series = [
        {
            "method": method,
            "points": [
                [exact(row.of_teacher), names.index(row.convention), None, None, []] for row in own.itertuples()
            ],
        }
        for method, own in table[table.of_teacher.notna()].groupby("method", sort=False)
    ]
    panel = {
        "x": {"label": "energy over that of the teacher ANN", "log": True},
        "y": {"label": "", "names": names},
        "series": series,
        "lines": [{"x": 1, "label": "teacher"}],
    }
    note = "Left of 1, the spiking network takes less than its teacher. Values are means over seeds."
    return {
        "name": "energy",
        "title": "Energy over that of the teacher",
        "note": note,
        "panels": [panel] if series else [],
    }


def chips(answer: Answer, behind: Behind) -> Plot:
    """Test outcome against the level of noise: a panel per noise model and treatment, with the clean network."""
    metric, summary = answer.inputs.metric, at_own_steps(answer.tables["summary"])
    rows = summary[summary.noise.notna() & summary.control.isna()]
    panels: list[dict[str, Any]] = []
    dashed = False
    for noise, own in rows.groupby("noise", sort=False):
        levels = axis(answer.inputs.noises[noise], own.level)
        x: dict[str, Any] = {"label": levels.label, "ticks": [exact(tick) for tick in levels.ticks]}
        if levels.border is not None:
            x["none"] = exact(levels.clean)
        for kind, part in own.groupby(own.calibrator.fillna(""), sort=False):
            series = []
            for (method, targets), line in part.groupby(["method", part.targets.fillna("")], sort=False):
                clean = answer.clean[answer.clean.method == method].assign(level=levels.clean)
                line = pd.concat([clean, line[line.level > 0]]).sort_values("level")
                points = [
                    _point(row.level, row.value_test_mean, row.value_test_ci95, metric, _seeds(behind, row, row.level))
                    for row in line.itertuples()
                ]
                dash = targets == "own" and part[part.method == method].targets.nunique() > 1
                dashed = dashed or dash
                series.append({"method": method, "points": points, "line": True, "dash": dash})
            title = f"{noise}: {f'calibrated by {kind}' if kind else 'as manufactured'}"
            panels.append(
                {
                    "title": title,
                    "x": x,
                    "y": {"label": metric.axis("test")},
                    "series": series,
                    "dodge": True,
                    "lines": [] if levels.border is None else [{"x": exact(levels.border)}],
                }
            )
    note = "Bars: 95 % intervals; small dots: single seeds, means over chips; level 0 or none: the clean network."
    note += " Panels differ in their scale." + (" Dashed: own targets." if dashed else "")
    return {"name": "hardware", "title": "On chips", "note": note, "panels": panels}


def steps(answer: Answer, behind: Behind) -> Plot:
    """Test outcome against the steps of an inference."""
    metric, table = answer.inputs.metric, answer.tables["steps"]
    clean = answer.clean.set_index("method").value_test_mean
    series = []
    for method, own in table.groupby("method", sort=False):
        points = [
            _point(
                row.steps_eval, row.value_test_mean, row.value_test_ci95, metric, _seeds(behind, row, row.steps_eval)
            )
            for row in own.sort_values("steps_eval").itertuples()
        ]
        series.append({"method": method, "points": points, "line": True, "dash": bool(own.extrapolated.any())})
    lines = [
        {"y": exact(clean[teacher]), "label": teacher} for teacher in dict.fromkeys(table.teacher) if teacher in clean
    ]
    panel = {
        "x": {
            "label": "steps of an inference",
            "log": True,
            "ticks": sorted(set(table.steps_eval.astype(int).tolist())),
        },
        "y": {"label": metric.axis("test"), **_cut(metric, clean.min(), 15)},
        "series": series,
        "dodge": True,
        "lines": lines,
    }
    note = "Bars: 95 % intervals; small dots: single seeds; dashed: extrapolated; dotted line: the teacher ANN."
    note += CUT if metric.unit == "%" else ""
    return {"name": "steps", "title": "Against steps of time", "note": note, "panels": [panel] if series else []}


def convergence(answer: Answer, _: Behind) -> Plot:
    """Validation outcome after each epoch: mean over seeds and single seeds."""
    metric, epochs = answer.inputs.metric, answer.inputs.collected["epochs"]
    series = []
    for method, own in epochs.groupby("method", sort=False):
        points = []
        for epoch, values in own.groupby("epoch").value_val:
            seeds = [[int(epoch), exact(metric.factor * value)] for value in values]
            points.append([int(epoch), exact(metric.factor * values.mean()), None, None, seeds])
        series.append({"method": method, "points": points, "line": True})
    worst = metric.factor * epochs.groupby("method").value_val.max().min() if series else 0.0
    panel = {
        "x": {"label": "epoch"},
        "y": {"label": metric.axis("validation"), **_cut(metric, worst, 20)},
        "series": series,
    }
    note = "Lines: means over seeds; small dots: single seeds." + (CUT if metric.unit == "%" else "")
    return {"name": "convergence", "title": "Training", "note": note, "panels": [panel] if series else []}


def rates(answer: Answer, _: Behind) -> Plot:
    """Spikes per neuron and step in every layer, on test data."""
    layers = answer.inputs.collected["layers"]
    hidden = layers[layers.neuron_updates > 0]
    hidden = hidden.assign(rate=(hidden.spikes / hidden.neuron_updates).clip(lower=LEAST_RATE))
    series = []
    for method, own in hidden.groupby("method", sort=False):
        points = [
            [int(layer), exact(rate.mean()), None, None, [[int(layer), exact(value)] for value in rate]]
            for layer, rate in own.groupby("layer").rate
        ]
        series.append({"method": method, "points": points, "line": True})
    ticks = sorted(set(hidden.layer.astype(int).tolist()))
    panel = {
        "x": {"label": "layer", "ticks": ticks},
        "y": {"label": "spikes per neuron and step", "log": True},
        "series": series,
        "dodge": True,
        "lines": [{"y": QUIET, "label": f"{100 * QUIET:g} %"}],
    }
    note = "Below the dotted line a layer hardly learns. Small dots: single seeds."
    return {"name": "layers", "title": "Firing rates of layers", "note": note, "panels": [panel] if series else []}


def _cut(metric: Metric, worst: float, below: float) -> dict[str, float]:
    """The lower end of an axis with accuracies, so that low values do not hide the differences of high ones."""
    return {"low": max(0.0, float(worst) - below)} if metric.unit == "%" else {}


def _point(x: float, mean: float, half: float, metric: Metric, seeds: Sequence[Any]) -> list[Any]:
    """A point in the units of files, with an interval that ends where the metric does."""
    low, high = (None, None) if pd.isna(half) else _ends(mean, half, metric)
    return [exact(x), exact(mean), exact(low), exact(high), list(seeds)]


def _ends(mean: float, half: float, metric: Metric) -> tuple[float, float]:
    """The ends of an interval within what the metric can be; the mean itself without one."""
    half = 0.0 if pd.isna(half) else half
    return max(mean - half, 0.0), min(mean + half, metric.most)


def _seeds(behind: Behind, row: Any, x: float) -> list[list[Any]]:
    """Values of single seeds at x, for a row of the summary or of steps.csv."""
    condition = getattr(row, "condition", "clean")
    wanted = {"condition": condition, "steps_eval": row.steps_eval}
    if condition not in ("clean", "int8"):
        wanted |= {name: getattr(row, name) for name in ("noise", "level", "calibrator", "targets", "control")}
    groups = behind.of(row.method, **wanted)
    return [[exact(x), test] for group in groups for _, _, test, *_ in behind.groups[group]["seeds"]]


def _side(method: str, on: str) -> str:
    return method if on == "clean" else f"{method} ({on})"
