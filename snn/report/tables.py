"""Rows of all runs become the tables: collect, price, choose learning rates, summarise, compare, check. No torch.

No table but costs.csv holds anything that differs between two runs of the same job on one machine; seconds, memory,
commit and versions are there.

Every run is in runs.csv, layers.csv and epochs.csv. Where an experiment has a grid of learning rates, the one that is
best on validation data speaks for its method in all the others (`chosen`). Summary: chips are averaged within a seed
first, so that n counts seeds; a run that diverged is one of them.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from snn.config import params
from snn.core import files
from snn.report import pages
from snn.report.collect import EPOCHS, TRACES, calibration, chosen, costs_of, course_of, read, rows_of
from snn.report.sections.claims.table import check
from snn.report.sections.comparisons import table as comparisons
from snn.report.sections.energy import table as energy
from snn.report.sections.hardware import table as hardware
from snn.report.sections.published import table as published
from snn.report.sections.steps import table as steps
from snn.report.sections.summary.table import beside_teacher, summarise

DERIVED = "%.10g"  # digits that a test or an interval keeps: the last ones are the machine's


def run(job: Any, out: Path) -> None:
    """Do a `jobs.Tables` job. Raises InputError naming a file whose bytes are not those that were recorded."""
    folders = [
        folder for e in job.evaluations for folder in (e.run.folder, *(c.folder for c in e.calibrations), e.folder)
    ]
    for folder in folders:
        files.verify(folder)
    experiment, layout = job.experiment, job.evaluations[0].run.network.layout
    figures = params.load_published().figures
    runs = pd.DataFrame([row for evaluation in job.evaluations for row in rows_of(evaluation, job)])
    runs["chosen"] = chosen(runs, experiment.learning_rates)
    speaking = [e for e in job.evaluations if e.run.digest in set(runs.digest[runs.chosen])]
    teachers = _teachers(job)
    summary = beside_teacher(summarise(runs), experiment.teacher, teachers)
    asked = [(pair.left, pair.right) for pair in experiment.comparisons]
    spiking = {method: teacher for method, teacher in teachers.items() if not _static(job, method)}
    by_steps = steps.by_steps(summary, spiking)
    measured = {
        "runs": runs,
        "layers": pd.concat([read(evaluation.folder / "layers.csv") for evaluation in job.evaluations]),
        "epochs": pd.concat([course_of(evaluation.run, "epochs.csv", EPOCHS) for evaluation in job.evaluations]),
        "traces": pd.concat([course_of(e.run, "traces.csv", TRACES) for e in speaking]),
        "calibration": calibration(runs, [c for e in speaking for c in e.calibrations]),
        "costs": pd.DataFrame([costs_of(folder) for folder in folders]),
        "summary": published.beside_summary(summary, figures, layout),
    }
    derived = {
        "comparisons": comparisons.compare(runs, comparisons.pairs(teachers, asked), asked),
        "steps": by_steps,
        "energy": energy.conventions(summary, measured["layers"], spiking, job.energies),
        "hardware": hardware.recovery(runs),
        "claims": check(params.load_claims(), runs, by_steps),
        "published": published.beside(figures, summary, layout),
    }
    for name, table in measured.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False))
    for name, table in derived.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False, float_format=DERIVED))
    for name, page in pages.written(job, measured, derived).items():
        files.write(out / name, page)


def _teachers(job: Any) -> dict[str, str]:
    """Every method but the experiment's teacher, with the ANN to judge it by: its own, else that of the experiment."""
    runs = {evaluation.run.method_name: evaluation.run for evaluation in job.evaluations}
    teacher = job.experiment.teacher
    return {name: run.teacher.method_name if run.teacher else teacher for name, run in runs.items() if name != teacher}


def _static(job: Any, method: str) -> bool:
    run = next(evaluation.run for evaluation in job.evaluations if evaluation.run.method_name == method)
    return run.rule.static
