"""Test metric against the steps of an inference. No torch."""

from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import empty, panels_of, titled, with_legend
from snn.report.inputs import Inputs
from snn.report.select import own_steps


def figure(inputs: Inputs) -> Figure:
    """Test metric against the steps of an inference, one line per method.

    Large markers: the steps trained with; dashed: extrapolated; dotted: the ANN that methods are compared with.
    """
    steps, summary, style, metric = inputs.table("steps"), inputs.table("summary"), inputs.style, inputs.metric
    if steps.steps_eval.nunique() < 2:
        tried = "".join(f" at T = {one} alone" for one in steps.steps_eval.unique())
        return empty(
            f"Empty: networks were evaluated{tried or ' without steps'}.",
            "A list `steps_eval` in the file of the experiment would fill this figure.",
        )
    figure, (axes,) = panels_of(1, list(style))
    clean = own_steps(summary).set_index("method").value_test_mean
    for method, own in steps.groupby("method", sort=False):
        look, values = style[method], metric.factor * own.value_test_mean
        line = "--" if own.extrapolated.any() else "-"
        axes.plot(own.steps_eval, values, line, color=look.colour, marker=look.marker, ms=4, label=look.name)
        trained = own.steps_eval == own.steps
        axes.plot(own.steps_eval[trained], values[trained], color=look.colour, marker=look.marker, ms=9, ls="")
    for teacher in dict.fromkeys(steps.teacher):
        axes.axhline(metric.factor * clean[teacher], color=style[teacher].colour, ls=":", label=style[teacher].name)
    axes.set(xlabel="steps of an inference", ylabel=metric.axis("test"), yscale=metric.scale)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(set(steps.steps_eval)))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    titled(figure, f"What do fewer steps cost? {inputs.name}")
    return with_legend(figure, "large: as trained\ndashed: extrapolated")
