"""The tables as pictures. Drawn from the tables alone; the same tables give the same bytes. No torch.

A method has one colour and marker in all of them, and stands once in a legend beside the axes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "spikeledger", "svg.fonttype": "none", "font.size": 11})

from matplotlib import pyplot as plt  # noqa: E402 - after the backend is chosen
from matplotlib import ticker  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from snn import files  # noqa: E402
from snn.compare import own_steps  # noqa: E402
from snn.metric import SHOWN, Metric  # noqa: E402

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]  # Okabe and Ito: colour-blind
MARKERS = "oDs^vPX*"  # 7 and 8 have no common factor, so that 56 pairs differ
LINES = ["-", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1))]
IN_A_COLUMN = 24  # names that a legend sets below one another
QUIET = 0.01  # the rate below which training warns
LEAST_RATE = 1e-4  # at which rates are drawn that are smaller


@dataclass(frozen=True)
class Style:
    """How a method looks."""

    colour: str
    marker: str
    line: Any
    crowded: bool  # too many methods for bands


def styles(methods: Sequence[str]) -> dict[str, Style]:
    """A look for every method; by line only where colour and marker are not enough."""
    return {
        method: Style(
            COLOURS[i % len(COLOURS)],
            MARKERS[i % len(MARKERS)],
            LINES[i // len(COLOURS) % len(LINES)],
            len(methods) > 10,
        )
        for i, method in enumerate(methods)
    }


def run(job: Any, out: Path) -> None:
    """Do a `jobs.Figures` job."""
    tables = job.tables
    names = ("summary", "epochs", "traces", "comparisons", "steps")
    summary, epochs, traces, comparisons, steps = (pd.read_csv(tables.folder / f"{name}.csv") for name in names)
    style = styles(list(dict.fromkeys((tables.experiment.teacher, *tables.experiment.methods, *summary.method))))
    metric = SHOWN[summary.metric.iloc[0]]
    chosen = summary[["method", "lr"]].drop_duplicates()
    epochs, traces = epochs.merge(chosen), traces.merge(chosen)
    drawn = {
        "energy.svg": energy(summary, style, metric),
        "convergence.svg": convergence(epochs, style, metric),
        "noise.svg": noise(summary, style, metric),
        "comparisons.svg": forest(comparisons, metric),
        "steps.svg": accuracy_by_steps(steps, summary, style, metric),
        "rates.svg": rates(traces),
    }
    for name, figure in drawn.items():
        save(figure, out / name)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG that depends on nothing but what is drawn."""
    try:
        files.write(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
    finally:
        plt.close(figure)


def energy(summary: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric of each clean method against the energy of one inference; whiskers are 95 % intervals."""
    figure, (axes,) = _panels(1, list(style))
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
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    return _with_legend(figure)


def convergence(epochs: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Validation metric of the deployed network after each epoch: mean over seeds, the band from least to most.

    A seed that diverged ends early; the mean is then over those that go on.
    """
    figure, (axes,) = _panels(1, list(style))
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
    return _with_legend(figure)


def noise(summary: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric against noise level, a panel a noise model: dashed as manufactured, solid calibrated; level 0 is the
    clean network.
    """
    clean = own_steps(summary).set_index("method").value_test_mean
    chips = summary[summary.condition != "clean"]
    models = list(dict.fromkeys(chips.noise))
    figure, panels = _panels(max(1, len(models)), list(dict.fromkeys(chips.method)))
    for axes, model in zip(panels, models, strict=False):
        for method, own in chips[chips.noise == model].groupby("method", sort=False):
            look = style[method]
            for condition, line in (("noisy", "--"), ("calibrated", "-")):
                rows = own[own.condition == condition].sort_values("level")
                values = [metric.factor * value for value in (clean[method], *rows.value_test_mean)]
                label = method if condition == "calibrated" else None
                axes.plot([0, *rows.level], values, line, color=look.colour, marker=look.marker, ms=5, label=label)
        axes.set(xlabel=f"level of {model}", ylabel=metric.axis("test"), yscale=metric.scale)
    if not models:
        panels[0].text(0.5, 0.5, "no hardware in this experiment", ha="center", va="center")
        panels[0].set_axis_off()
        return figure
    return _with_legend(figure, "dashed: before calibration")


def forest(comparisons: pd.DataFrame, metric: Metric) -> Figure:
    """Paired differences with 95 % intervals; filled where the corrected test resolves them; grey: not detectable."""
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.32 * len(comparisons)), layout="constrained")
    _bare(axes)
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
    return _with_legend(figure)


def accuracy_by_steps(steps: pd.DataFrame, summary: pd.DataFrame, style: Mapping[str, Style], metric: Metric) -> Figure:
    """Test metric against the steps of an inference; large: the steps trained with; dashed: extrapolated; dotted: the
    ANN that a method is judged by.
    """
    figure, (axes,) = _panels(1, list(style))
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
    return _with_legend(figure)


def rates(traces: pd.DataFrame) -> Figure:
    """Spikes per neuron and step in each layer over training, a panel a method: mean over seeds, epoch 0 untrained."""
    found = traces[traces.quantity == "rate"]
    methods = list(dict.fromkeys(found.method))
    depth = int(found.layer.max()) if len(found) else 0
    figure, panels = _panels(max(1, len(methods)), ["dashed: 1 %"] * depth, small=True)
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
    return _with_legend(figure, "dashed: 1 %")


def _pair(row: Any) -> str:
    diverged = f" ({row.diverged_left} and {row.diverged_right} of {row.n} diverged)"
    return f"{row.left} − {row.right}" + (diverged if row.diverged_left + row.diverged_right else "")


def _panels(count: int, names: Sequence[str], small: bool = False) -> tuple[Figure, list[Axes]]:
    """Axes side by side, at most four in a row, with room for a legend of these names."""
    columns = min(count, 4)
    rows = -(-count // columns)
    width, height = (2.4, 2.2) if small else (6, 4.5)
    legend = -(-len(names) // IN_A_COLUMN) * (0.8 + 0.08 * max(map(len, names), default=0))
    size = (width * columns + legend, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", sharey=small, squeeze=False)
    for panel in axes.flat:
        _bare(panel)
    for panel in axes.flat[count:]:
        panel.remove()
    return figure, list(axes.flat[:count])


def _bare(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _with_legend(figure: Figure, title: str | None = None) -> Figure:
    """Name once, beside the axes, whatever is labelled in any of them."""
    named: dict[str, Callable] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    if named:
        columns = -(-len(named) // IN_A_COLUMN)
        figure.legend(
            list(named.values()),
            list(named),
            loc="outside right upper",
            ncols=columns,
            fontsize=9,
            title=title,
            title_fontsize=9,
            frameon=False,
        )
    return figure
