"""Figures of methods: accuracy against energy, epochs and steps, paired differences, firing rates. No torch."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.compare import own_steps
from snn.figures.canvas import COLOURS, Style, bare, panels_of, with_legend
from snn.metric import Metric

QUIET = 0.01  # the rate below which training warns
LEAST_RATE = 1e-4  # at which rates are drawn that are smaller


def energy(summary: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric of each clean method against the energy of one inference, at its own steps with 95 % intervals, small
    and joined at the other steps that were tried; grey: what nothing else beats in both.
    """
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
        whisker = None if pd.isna(row.value_test_ci95) else metric.factor * row.value_test_ci95
        axes.errorbar(
            row.energy_nj,
            metric.factor * row.value_test_mean,
            whisker,
            color=look.colour,
            marker=look.marker,
            capsize=3,
            label=row.method,
            ls="",
        )
    axes.set(xscale="log", xlabel="energy of one inference (nJ)", ylabel=metric.axis("test"))
    if metric.scale == "linear":  # a sweep over steps begins far down; no method leaves the picture with its own steps
        worst = metric.factor * own_steps(summary).value_test_mean.min()
        axes.set_ylim(max(axes.get_ylim()[0], worst - 15), min(axes.get_ylim()[1], 1.01 * metric.factor))
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    return with_legend(figure, "grey: Pareto front")


def _front(clean: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Rows than which no other is both better and cheaper, by energy."""
    sign = 1 if metric.better == "higher is better" else -1
    rows = clean.sort_values(["energy_nj", "value_test_mean"], ascending=[True, sign < 0])
    worth = (sign * rows.value_test_mean).astype(float)
    return rows[worth > worth.shift(fill_value=-float("inf")).cummax()]


def conventions(rows: pd.DataFrame, style: Mapping[str, Style]) -> Figure:
    """Energy over the teacher's, a row a convention: filled at the steps trained with, hollow at equal accuracy."""
    names = list(dict.fromkeys(rows.convention))
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.5 * len(names)), layout="constrained")
    bare(axes)
    for method, own in rows.groupby("method", sort=False):
        look, places = style[method], [names.index(name) for name in own.convention]
        axes.plot(own.of_teacher, places, color=look.colour, marker=look.marker, ls="", label=method)
        equal = own.of_teacher_at_equal_accuracy.astype(float)
        axes.plot(equal, [i + 0.25 for i in places], color=look.colour, marker=look.marker, mfc="white", ls="")
    axes.axvline(1, color="black", lw=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="energy over that of the teacher ANN; left of 1 the spiking network takes less")
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    return with_legend(figure, "hollow: within a point of it")


def convergence(epochs: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Validation metric of the deployed network after each epoch: mean over seeds, the band from least to most.

    A seed that diverged ends early; the mean is then over those that go on.
    """
    figure, (axes,) = panels_of(1, list(style))
    for method, own in epochs.groupby("method", sort=False):
        look = style[method]
        by_epoch = metric.factor * own.groupby("epoch").value_val.agg(["mean", "min", "max"])
        axes.plot(
            by_epoch.index,
            by_epoch["mean"],
            color=look.colour,
            ls=look.line,
            marker=look.marker,
            ms=4,
            markevery=max(1, len(by_epoch) // 5),
            label=method,
        )
        if not look.crowded:
            axes.fill_between(by_epoch.index, by_epoch["min"], by_epoch["max"], color=look.colour, alpha=0.15, lw=0)
    axes.set(xlabel="epoch", ylabel=metric.axis("validation"), yscale=metric.scale)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if metric.scale == "linear" and len(epochs):  # the first epochs may leave the picture, no method does
        worst = metric.factor * epochs.groupby("method").value_val.max().min()
        axes.set_ylim(bottom=max(axes.get_ylim()[0], min(50, worst - 10)))
    return with_legend(figure)


def forest(comparisons: pd.DataFrame, metric: Metric) -> Figure:
    """Paired differences with 95 % intervals; filled where the corrected test resolves them; grey: not detectable."""
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.32 * len(comparisons)), layout="constrained")
    bare(axes)
    for i, row in enumerate(comparisons.itertuples()):
        if pd.notna(row.detectable):
            width = 2 * metric.factor * row.detectable
            axes.barh(i, width, 0.6, left=-width / 2, color="#DDDDDD", zorder=1, label="below what is detectable")
        resolved = isinstance(row.better, str)
        whisker = None if pd.isna(row.ci95) else metric.factor * row.ci95
        axes.errorbar(
            metric.factor * row.difference,
            i,
            xerr=whisker,
            color=COLOURS[0],
            marker="o",
            mfc=COLOURS[0] if resolved else "white",
            capsize=3,
            ls="",
            zorder=3,
            label="resolved" if resolved else "not resolved",
        )
    axes.axvline(0, color="black", lw=0.8, zorder=2)
    side = "right" if metric.better == "higher is better" else "left"
    unit = f" ({metric.difference_unit})" if metric.unit == "%" else ""
    axes.set_xlabel(f"difference of test {metric.title}{unit}; {side} of 0 the first is better")
    axes.set_yticks(range(len(comparisons)), [_pair(row) for row in comparisons.itertuples()])
    axes.invert_yaxis()
    axes.margins(y=0.5 / max(1, len(comparisons)))
    size = metric.factor * comparisons.difference.abs()
    if size.max() > 8 * size.median() > 0:  # one large difference would hide the others
        axes.set_xscale("symlog", linthresh=2 * size.median(), subs=(2, 5))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    return with_legend(figure)


def accuracy_by_steps(steps: pd.DataFrame, summary: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric against the steps of an inference; large: the steps trained with; dashed: extrapolated; dotted: the
    ANN that a method is judged by.
    """
    figure, (axes,) = panels_of(1, list(style))
    clean = own_steps(summary).set_index("method").value_test_mean
    for method, own in steps.groupby("method", sort=False):
        look, values = style[method], metric.factor * own.value_test_mean
        line = "--" if own.extrapolated.any() else "-"
        axes.plot(own.steps_eval, values, line, color=look.colour, marker=look.marker, ms=4, label=method)
        trained = own.steps_eval == own.steps
        axes.plot(own.steps_eval[trained], values[trained], color=look.colour, marker=look.marker, ms=9, ls="")
    for teacher in dict.fromkeys(steps.teacher):
        axes.axhline(metric.factor * clean[teacher], color=style[teacher].colour, ls=":", label=teacher)
    axes.set(xlabel="steps of an inference", ylabel=metric.axis("test"), yscale=metric.scale)
    if len(set(steps.steps_eval)) > 1:
        axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(set(steps.steps_eval)))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    return with_legend(figure)


def rates(traces: pd.DataFrame) -> Figure:
    """Spikes per neuron and step in each layer over training, a panel a method: mean over seeds, epoch 0 untrained."""
    found = traces[traces.quantity == "rate"]
    methods = list(dict.fromkeys(found.method))
    depth = int(found.layer.max()) if len(found) else 0
    figure, panels = panels_of(max(1, len(methods)), ["dashed: 1 %"] * depth, small=True)
    colours = plt.get_cmap("viridis")
    for axes, method in zip(panels, methods, strict=False):
        for layer, own in found[found.method == method].groupby("layer"):
            mean = own.groupby("epoch").value.mean().clip(lower=LEAST_RATE)
            colour = colours(0.9 * (layer - 1) / max(1, depth - 1))
            marker = "o" if len(mean) == 1 else None
            axes.plot(mean.index, mean, color=colour, marker=marker, label=f"layer {layer:.0f}", clip_on=False)
        axes.axhline(QUIET, color="black", ls="--", lw=0.8)
        axes.set(yscale="log", ylim=(LEAST_RATE, 1))
        axes.set_title(method, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(4, integer=True))
        axes.yaxis.set_minor_locator(ticker.NullLocator())  # a third of the file
    if not methods:
        panels[0].text(0.5, 0.5, "no spiking method in this experiment", ha="center", va="center")
        panels[0].set_axis_off()
        return figure
    figure.supxlabel("epoch (0: untrained)", fontsize=10)
    figure.supylabel("spikes per neuron and step", fontsize=10)
    return with_legend(figure, "dashed: 1 %")


def _pair(row: Any) -> str:
    diverged = f" ({row.diverged_left} and {row.diverged_right} of {row.n} diverged)"
    return f"{row.left} − {row.right}" + (diverged if row.diverged_left + row.diverged_right else "")
