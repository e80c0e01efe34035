"""Validation metric of chips against what their calibration has spent. No torch."""

from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, MARKERS, panels_of, with_legend
from snn.report.inputs import Inputs
from snn.report.sections.hardware.figure import empty

SPENT = {"shown": "samples shown", "updates": "updates", "operations": "operations"}
LINES = {"own": "-", "teacher": "--"}  # by targets


def figure(inputs: Inputs) -> Figure:
    """A row of panels per method: validation metric against samples, updates and operations, a line per treatment.

    Drawn at the noise and level with the most treatments.
    """
    trials, metric = inputs.collected["calibration"], inputs.metric
    treated = trials[trials.control.isna()]
    if treated.empty:
        return empty(panels_of(1, [])[0])
    place = ["noise", "level"]
    treated = treated.assign(treatment=treated.calibrator + ", " + treated.targets)
    noise, level = treated.groupby(place, sort=False).treatment.nunique().iloc[::-1].idxmax()
    own = treated[(treated.noise == noise) & (treated.level == level)]
    methods, names = list(dict.fromkeys(own.method)), list(dict.fromkeys(own.treatment))
    lines = {name: LINES[name.rpartition(", ")[2]] for name in names}
    calibrators = list(dict.fromkeys(own.calibrator))
    figure, axes_list = panels_of(len(SPENT) * len(methods), names, small=True, columns=len(SPENT))
    for i, method in enumerate(methods):
        for axes, (column, title) in zip(axes_list[len(SPENT) * i :], SPENT.items(), strict=False):
            for name, line in lines.items():
                rows = own[(own.method == method) & (own.treatment == name)]
                mean = rows.groupby("epoch")[[column, "value_val"]].mean()
                k = calibrators.index(rows.calibrator.iloc[0]) if len(rows) else 0
                colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
                values = metric.factor * mean.value_val
                axes.plot(mean[column], values, color=colour, marker=marker, ls=line, ms=4, label=name)
            axes.set_xscale("symlog", linthresh=max(1, own[column][own[column] > 0].min()))
            axes.tick_params(labelsize=8)
            axes.set_title(inputs.style[method].name if column == "shown" else "", fontsize=9, loc="left")
            if i == len(methods) - 1:
                axes.set_xlabel(title, fontsize=9)
    figure.supylabel(metric.axis("validation"), fontsize=10)
    return with_legend(figure, f"{noise}, level {level:g}")
