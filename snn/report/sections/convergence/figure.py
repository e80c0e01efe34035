"""Validation metric over the epochs of training. No torch."""

from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import panels_of, titled, with_legend
from snn.report.inputs import Inputs


def figure(inputs: Inputs) -> Figure:
    """Validation metric of the deployed network after each epoch: mean over seeds, and a band from lowest to highest.

    A diverged seed ends early; the mean is then over the others.
    """
    epochs, style, metric = inputs.collected["epochs"], inputs.style, inputs.metric
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
            label=look.name,
        )
        if not look.crowded:
            axes.fill_between(by_epoch.index, by_epoch["min"], by_epoch["max"], color=look.colour, alpha=0.15, lw=0)
    axes.set(xlabel="epoch", ylabel=metric.axis("validation"), yscale=metric.scale)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if metric.scale == "linear" and len(epochs):  # hide low first epochs, but no method
        worst = metric.factor * epochs.groupby("method").value_val.max().min()
        axes.set_ylim(bottom=max(axes.get_ylim()[0], min(50, worst - 10)))
    titled(figure, f"How training converges: {inputs.name}")
    return with_legend(figure)
