"""Firing rates over the epochs. No torch."""

from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import panels_of, with_legend
from snn.report.inputs import Inputs

QUIET = 0.01  # the rate below which training warns
LEAST_RATE = 1e-4  # at which rates are drawn that are smaller


def figure(inputs: Inputs) -> Figure:
    """Spikes per neuron and step in each layer over training, a panel a method: mean over seeds, epoch 0 untrained."""
    traces = inputs.chosen("traces")
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
