"""The tables as pictures. Drawn from the tables alone; the same tables give the same bytes. No torch."""

from pathlib import Path
from typing import Any

import pandas as pd

from snn.report.canvas import save, styles
from snn.report.metric import SHOWN
from snn.report.sections.calibration.figure import calibration
from snn.report.sections.comparisons.figure import forest
from snn.report.sections.convergence.figure import convergence
from snn.report.sections.energy.figure import conventions
from snn.report.sections.hardware.figure import noise
from snn.report.sections.rates.figure import rates
from snn.report.sections.steps.figure import accuracy_by_steps
from snn.report.sections.summary.figure import energy


def run(job: Any, out: Path) -> None:
    """Do a `jobs.Figures` job."""
    folder, experiment = job.tables.folder, job.tables.experiment
    names = ("summary", "epochs", "traces", "comparisons", "steps", "energy", "hardware", "calibration")
    table = {name: pd.read_csv(folder / f"{name}.csv") for name in names}
    summary = table["summary"]
    style = styles(list(dict.fromkeys((experiment.teacher, *experiment.methods, *summary.method))))
    metric = SHOWN[summary.metric.iloc[0]]
    chosen = summary[["method", "lr"]].drop_duplicates()
    epochs, traces = table["epochs"].merge(chosen), table["traces"].merge(chosen)
    drawn = {
        "energy.svg": energy(summary, style, metric),
        "conventions.svg": conventions(table["energy"], style),
        "convergence.svg": convergence(epochs, style, metric),
        "noise.svg": noise(table["hardware"], style, metric),
        "calibration.svg": calibration(table["calibration"], metric),
        "comparisons.svg": forest(table["comparisons"], metric),
        "steps.svg": accuracy_by_steps(table["steps"], summary, style, metric),
        "rates.svg": rates(traces),
    }
    for name, figure in drawn.items():
        save(figure, out / name)
