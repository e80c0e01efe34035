"""Test metric against the energy of one inference. No torch."""

import pandas as pd
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import panels_of, titled, with_legend
from snn.report.inputs import Inputs
from snn.report.metric import Metric
from snn.report.select import own_steps

ROOM = 15  # points below the worst method at the steps trained with


def figure(inputs: Inputs) -> Figure:
    """Test metric of clean networks against the energy of one inference, one line per method.

    Markers with 95 % intervals: at the steps trained with; small ones: at other steps; grey: the Pareto front.
    """
    summary, style, metric = inputs.table("summary"), inputs.style, inputs.metric
    figure, (axes,) = panels_of(1, list(style))
    clean = summary[summary.condition == "clean"].sort_values("steps_eval")
    front = _front(clean, metric)
    axes.step(front.energy_nj, metric.factor * front.value_test_mean, where="post", color="#BBBBBB", lw=3, zorder=0)
    for method, tried in clean.groupby("method", sort=False):
        look = style[method]
        values = metric.factor * tried.value_test_mean
        axes.plot(tried.energy_nj, values, color=look.colour, marker=look.marker, ms=3, lw=0.8, ls=look.line)
    for row in own_steps(summary).itertuples():
        look = style[row.method]
        axes.errorbar(
            row.energy_nj,
            metric.factor * row.value_test_mean,
            metric.whiskers(row.value_test_mean, row.value_test_ci95),
            color=look.colour,
            marker=look.marker,
            capsize=3,
            label=look.name,
            ls="",
        )
    xlabel = f"energy of one inference (nJ, {inputs.experiment.energy})"
    axes.set(xscale="log", xlabel=xlabel, ylabel=metric.axis("test"))
    told = "grey: Pareto front"
    if metric.scale == "linear":  # hide low values at few steps, but none at own steps
        axes.yaxis.set_major_locator(ticker.MaxNLocator(steps=(1, 2, 5, 10), integer=True))
        worst = metric.factor * own_steps(summary).value_test_mean.min()
        start = max(axes.get_ylim()[0], worst - ROOM)
        axes.set_ylim(start, min(axes.get_ylim()[1], 1.01 * metric.factor))
        if (hidden := metric.factor * clean.value_test_mean.min()) < start:
            told += f"\nbelow the axis: down to {hidden:.0f} {metric.unit}"
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    titled(figure, f"Best at which energy? Upper left is best: {inputs.name}")
    return with_legend(figure, told)


def _front(clean: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The Pareto front: rows than which no other is both better and cheaper, sorted by energy."""
    sign = 1 if metric.better == "higher is better" else -1
    rows = clean.sort_values(["energy_nj", "value_test_mean"], ascending=[True, sign < 0])
    merit = (sign * rows.value_test_mean).astype(float)
    return rows[merit > merit.shift(fill_value=-float("inf")).cummax()]
