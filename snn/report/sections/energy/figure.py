"""Energy over that of the teacher under every convention. No torch."""

from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.figure import Figure

from snn.report.canvas import bare, titled, with_legend
from snn.report.inputs import Inputs


def figure(inputs: Inputs) -> Figure:
    """Energy over that of the teacher ANN, one line per convention.

    Filled markers: at the steps trained with; hollow ones below: at equal accuracy.
    """
    rows, style = inputs.table("energy"), inputs.style
    names = list(dict.fromkeys(rows.convention))
    figure, axes = plt.subplots(figsize=(9, 1.8 + 0.5 * len(names)), layout="constrained")
    bare(axes)
    for method, own in rows.groupby("method", sort=False):
        look, places = style[method], [names.index(name) for name in own.convention]
        axes.plot(own.of_teacher, places, color=look.colour, marker=look.marker, ls="", label=look.name)
        equal = own.of_teacher_at_equal_accuracy.astype(float)
        axes.plot(equal, [i + 0.25 for i in places], color=look.colour, marker=look.marker, mfc="white", ls="")
    axes.axvline(1, color="black", lw=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="energy over that of the teacher ANN; left of 1 the spiking network takes less")
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    titled(figure, f"Does a spiking network take less energy than its teacher? {inputs.name}")
    return with_legend(figure, "hollow: within a point of it")
