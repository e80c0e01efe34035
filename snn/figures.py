"""The tables as pictures: accuracy against energy, convergence, accuracy against noise before and after calibration.

Drawn from the tables alone; the same tables give the same bytes. No torch.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "spikeledger", "svg.fonttype": "none", "font.size": 11})

from matplotlib import pyplot as plt  # noqa: E402 - after the backend is chosen
from matplotlib import ticker  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from snn import files  # noqa: E402

# Okabe and Ito's colours, told apart by colour-blind readers; a marker a method for print.
STYLES = list(
    zip(["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"], "oDs^vPX", strict=True)
)


def run(job: Any, out: Path) -> None:
    """Do a `jobs.Figures` job."""
    tables = job.tables
    summary = pd.read_csv(tables.folder / "summary.csv")
    epochs = pd.read_csv(tables.folder / "epochs.csv")
    methods = [tables.experiment.teacher, *tables.experiment.methods]
    style = {method: STYLES[i % len(STYLES)] for i, method in enumerate(methods)}
    _draw(out / "energy.svg", lambda axes: energy(axes, summary, style))
    _draw(out / "convergence.svg", lambda axes: convergence(axes, epochs, style))
    _draw(out / "noise.svg", lambda axes: noise(axes, summary, style))


def energy(axes: Axes, summary: pd.DataFrame, style: dict[str, tuple[str, str]]) -> None:
    """Test accuracy of each clean method against the energy of one inference; whiskers are 95 % intervals."""
    for row in summary[summary.condition == "clean"].itertuples():
        colour, marker = style[row.method]
        whisker = None if pd.isna(row.value_test_ci95) else 100 * row.value_test_ci95
        axes.errorbar(
            row.energy_nj,
            100 * row.value_test_mean,
            whisker,
            color=colour,
            marker=marker,
            capsize=3,
            label=row.method,
            ls="",
        )
    axes.set(xscale="log", xlabel="energy of one inference (nJ)", ylabel="test accuracy (%)")
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.legend(fontsize=9)


def convergence(axes: Axes, epochs: pd.DataFrame, style: dict[str, tuple[str, str]]) -> None:
    """Validation accuracy of the deployed network after each epoch: mean over seeds, the band from least to most."""
    for method, own in epochs.groupby("method", sort=False):
        colour, _ = style[method]
        by_epoch = 100 * own.groupby("epoch").accuracy.agg(["mean", "min", "max"])
        marker = "o" if len(by_epoch) == 1 else None
        axes.plot(by_epoch.index, by_epoch["mean"], color=colour, marker=marker, label=method)
        axes.fill_between(by_epoch.index, by_epoch["min"], by_epoch["max"], color=colour, alpha=0.15, lw=0)
    axes.set(xlabel="epoch", ylabel="validation accuracy (%)")
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set_ylim(bottom=max(axes.get_ylim()[0], 50 if by_epoch["max"].max() > 80 else 0))
    axes.legend(fontsize=9, loc="lower right")


def noise(axes: Axes, summary: pd.DataFrame, style: dict[str, tuple[str, str]]) -> None:
    """Test accuracy against noise level: dashed as manufactured, solid calibrated; level 0 is the clean network."""
    chips = summary[summary.condition != "clean"]
    for method, own in chips.groupby("method", sort=False):
        colour, marker = style[method]
        clean = 100 * summary[(summary.method == method) & (summary.condition == "clean")].value_test_mean.iloc[0]
        for condition, line in (("noisy", "--"), ("calibrated", "-")):
            rows = own[own.condition == condition].sort_values("level")
            label = method if condition == "calibrated" else None
            axes.plot(
                [0, *rows.level],
                [clean, *100 * rows.value_test_mean],
                line,
                color=colour,
                marker=marker,
                ms=5,
                label=label,
            )
    axes.set(xlabel="noise level", ylabel="test accuracy (%)")
    if len(chips):
        axes.legend(fontsize=9, loc="lower left", title="dashed: before calibration", title_fontsize=9)


def _draw(path: Path, draw: Callable[[Axes], None]) -> None:
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    files.write(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
    plt.close(figure)
