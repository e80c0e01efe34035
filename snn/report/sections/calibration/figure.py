"""What a calibration takes. No torch."""

from matplotlib.figure import Figure

from snn.report.canvas import COLOURS, MARKERS, panels_of, with_legend
from snn.report.inputs import Inputs
from snn.report.sections.hardware.figure import empty

SPENT = {"shown": "samples shown", "updates": "updates", "operations": "operations"}
LINE_OF = {"own": "-", "teacher": "--"}


def figure(inputs: Inputs) -> Figure:
    """Validation metric against what a calibration has spent, at the level with most arms: a row a method."""
    trials, metric = inputs.collected["calibration"], inputs.metric
    treated = trials[trials.control.isna()]
    if treated.empty:
        return empty(panels_of(1, [])[0])
    place = ["noise", "level"]
    arms = treated.assign(arm=treated.calibrator + ", " + treated.targets).groupby(place, sort=False)
    noise, level = arms.arm.nunique().iloc[::-1].idxmax()
    own = treated[(treated.noise == noise) & (treated.level == level)]
    own = own.assign(arm=own.calibrator + ", " + own.targets)
    methods, names = list(dict.fromkeys(own.method)), list(dict.fromkeys(own.arm))
    looks = {name: LINE_OF[name.rpartition(", ")[2]] for name in names}
    calibrators = list(dict.fromkeys(own.calibrator))
    figure, axes_list = panels_of(len(SPENT) * len(methods), names, small=True, columns=len(SPENT))
    for i, method in enumerate(methods):
        for axes, (column, title) in zip(axes_list[len(SPENT) * i :], SPENT.items(), strict=False):
            for name, line in looks.items():
                rows = own[(own.method == method) & (own.arm == name)]
                mean = rows.groupby("epoch")[[column, "value_val"]].mean()
                k = calibrators.index(rows.calibrator.iloc[0]) if len(rows) else 0
                colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
                values = metric.factor * mean.value_val
                axes.plot(mean[column], values, color=colour, marker=marker, ls=line, ms=4, label=name)
            axes.set_xscale("symlog", linthresh=max(1, own[column][own[column] > 0].min()))
            axes.tick_params(labelsize=8)
            axes.set_title(method if column == "shown" else "", fontsize=9, loc="left")
            if i == len(methods) - 1:
                axes.set_xlabel(title, fontsize=9)
    figure.supylabel(metric.axis("validation"), fontsize=10)
    return with_legend(figure, f"{noise}, level {level:g}")
