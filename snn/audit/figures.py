"""Figures of an audit: operations by layer, energy by convention, accuracy against noise. No torch."""

import pandas as pd
from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, MARKERS, panels_of, with_legend

OPERATIONS = {"acs": "accumulates", "macs_once": "multiply-accumulates", "neuron_updates": "neuron updates"}
PRICED = {"acs_nj": "accumulates", "macs_nj": "multiply-accumulates", "neuron_updates_nj": "neuron updates"}


def layers(table: pd.DataFrame) -> Figure:
    """Operations of every layer, stacked by kind."""
    figure, (axes,) = panels_of(1, list(OPERATIONS.values()))
    base = pd.Series(0.0, index=table.index)
    for (column, name), colour in zip(OPERATIONS.items(), COLOURS, strict=False):
        axes.bar(table.layer, table[column], bottom=base, color=colour, label=name)
        base += table[column]
    axes.set(xlabel="layer", ylabel="operations of an inference")
    axes.set_xticks(list(table.layer))
    return with_legend(figure)


def conventions(table: pd.DataFrame) -> Figure:
    """Energy under every convention, relative to an ANN of the same layers, stacked by kind of operation."""
    figure, (axes,) = panels_of(1, list(PRICED.values()))
    base = pd.Series(0.0, index=table.index)
    for (column, name), colour in zip(PRICED.items(), COLOURS, strict=False):
        share = table[column] / table.same_layers_nj
        axes.barh(table.convention, share, left=base, color=colour, label=name)
        base += share
    axes.axvline(1, color="black", lw=0.8)
    axes.invert_yaxis()
    axes.set(xlabel="energy relative to an ANN of the same layers")
    return with_legend(figure)


def noise(table: pd.DataFrame, clean: float) -> Figure:
    """Accuracy against level, one panel per noise model: mean over chips, with a band from the worst to the best."""
    models = list(dict.fromkeys(table.noise.dropna()))
    figure, panels = panels_of(max(1, len(models)), ["clean"], columns=2)
    for i, (axes, model) in enumerate(zip(panels, models, strict=False)):
        by_level = 100 * table[table.noise == model].groupby("level").accuracy.agg(["mean", "min", "max"])
        axes.plot(by_level.index, by_level["mean"], color=COLOURS[i % 7], marker=MARKERS[i % 7])
        axes.fill_between(by_level.index, by_level["min"], by_level["max"], color=COLOURS[i % 7], alpha=0.2, lw=0)
        axes.axhline(100 * clean, color="black", ls=":", label="clean")
        axes.set(xlabel=f"level of {model}", ylabel="accuracy (%)")
    return with_legend(figure)
