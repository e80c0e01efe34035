"""Firing rates over the epochs of training. No torch."""

from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import empty, panels_of, titled, with_legend
from snn.report.inputs import Inputs
from snn.training.records import QUIET

DASHED = f"dashed: {100 * QUIET:g} %"
LEAST_RATE = 1e-4  # smaller rates are drawn here, at the lower edge


def figure(inputs: Inputs) -> Figure:
    """Spikes per neuron and step in each layer after each epoch, one panel per method: mean over seeds.

    Epoch 0 is the untrained network.
    """
    traces = inputs.collected["traces"]
    found = traces[traces.quantity == "rate"]
    methods = list(dict.fromkeys(found.method))
    depth = int(found.layer.max()) if len(found) else 0
    if not methods:
        return empty(
            "Empty: there is no spiking method in this experiment. One in its `methods` would fill this figure."
        )
    figure, panels = panels_of(len(methods), [DASHED] * depth, small=True)
    colours = plt.get_cmap("viridis")
    for axes, method in zip(panels, methods, strict=True):
        for layer, own in found[found.method == method].groupby("layer"):
            mean = own.groupby("epoch").value.mean().clip(lower=LEAST_RATE)
            colour = colours(0.9 * (layer - 1) / max(1, depth - 1))
            marker = "o" if len(mean) == 1 else None
            axes.plot(mean.index, mean, color=colour, marker=marker, label=f"layer {layer:.0f}", clip_on=False)
        axes.axhline(QUIET, color="black", ls="--", lw=0.8)
        axes.set(yscale="log", ylim=(LEAST_RATE, 1))
        axes.set_title(inputs.style[method].name, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(4, integer=True))
        axes.yaxis.set_minor_locator(ticker.NullLocator())  # would be a third of the file
    figure.supxlabel("epoch (0: untrained)", fontsize=10)
    figure.supylabel("spikes per neuron and step", fontsize=10)
    titled(figure, f"Does every layer spike? Firing rates over training: {inputs.name}")
    return with_legend(figure, DASHED)
