"""Rows of all runs become the tables: collect, price, choose learning rates, summarise, compare, check. No torch.

No table but costs.csv holds anything that differs between two runs of the same job on one machine; seconds, memory,
commit and versions are there.

Every run is in runs.csv, layers.csv and epochs.csv. Where an experiment has a grid of learning rates, the one that is
best on validation data speaks for its method in all the others (`chosen`). Summary: chips are averaged within a seed
first, so that n counts seeds; a run that diverged is one of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from snn import compare, conventions, files, joules, pages, params, published, recovery, steps
from snn.claims import check
from snn.compare import SAME, own_steps
from snn.errors import InputError, remake
from snn.schema import Row, RunRow
from snn.statistics import interval

RUN_KEY = ["task", "dataset", "network", "method", "rule", "protocol", "steps", "steps_eval", "extrapolated", "lr"]
CONDITION = ["condition", "noise", "level"]
KEY = [*RUN_KEY, *CONDITION, "calibrator", "targets", "control", "metric", "direction"]
OUTCOME = ["value_val", "value_test"]
OPERATIONS = ["acs", "macs_once", "macs_every_step", "macs_nonzero", "compares", "neuron_updates", "dense_macs"]
WORK = ["spikes", "sparsity", *OPERATIONS, "energy_nj"]
EPOCHS = {"epoch": "int64", "lr": float, "loss": float, "value_val": float, "validation_loss": float}
COURSE = ["method", "lr", "seed", "noise"]
TRIALS = (
    {"level": float, "chip": "Int64", "calibrator": str, "targets": str, "control": str}
    | {"epoch": "int64", "loss": float, "value_val": float, "validation_loss": float}
    | {"shown": "int64", "judged": "int64", "updates": "int64", "writes": "int64", "learning_macs": "int64"}
)
TRACES = {"epoch": "int64", "quantity": str, "layer": "Int64", "value": float}
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
    runs = pd.DataFrame([row for evaluation in job.evaluations for row in _rows(evaluation, job)])
    runs["chosen"] = chosen(runs, experiment.learning_rates)
    speaking = [e for e in job.evaluations if e.run.digest in set(runs.digest[runs.chosen])]
    teachers = _teachers(job)
    summary = beside_teacher(summarise(runs), experiment.teacher, teachers)
    asked = [(pair.left, pair.right) for pair in experiment.comparisons]
    spiking = {method: teacher for method, teacher in teachers.items() if not _static(job, method)}
    by_steps = steps.by_steps(summary, spiking)
    measured = {
        "runs": runs,
        "layers": pd.concat([_read(evaluation.folder / "layers.csv") for evaluation in job.evaluations]),
        "epochs": pd.concat([_course(evaluation.run, "epochs.csv", EPOCHS) for evaluation in job.evaluations]),
        "traces": pd.concat([_course(e.run, "traces.csv", TRACES) for e in speaking]),
        "calibration": calibration(runs, [c for e in speaking for c in e.calibrations]),
        "costs": pd.DataFrame([_costs(folder) for folder in folders]),
        "summary": published.beside_summary(summary, figures, layout),
    }
    derived = {
        "comparisons": compare.compare(runs, compare.pairs(teachers, asked), asked),
        "steps": by_steps,
        "energy": conventions.conventions(summary, measured["layers"], spiking, job.energies),
        "hardware": recovery.recovery(runs),
        "claims": check(params.load_claims(), runs, by_steps),
        "published": published.beside(figures, summary, layout),
    }
    for name, table in measured.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False))
    for name, table in derived.items():
        files.write(out / f"{name}.csv", table.to_csv(index=False, float_format=DERIVED))
    for name, page in pages.written(job, measured, derived).items():
        files.write(out / name, page)


def chosen(runs: pd.DataFrame, learning_rates: Sequence[float]) -> pd.Series:
    """Whether a run has the learning rate of its method that is best on validation data, over seeds, clean and at its
    own steps; of equals the one that the experiment names first.
    """
    clean = own_steps(runs)
    merit = clean.value_val.where(clean.direction == "higher", -clean.value_val)
    place = clean.lr.map({lr: i for i, lr in enumerate(learning_rates)})
    best = (
        clean.assign(merit=merit, place=place)
        .groupby(["method", "lr"], as_index=False)[["merit", "place"]]
        .mean(skipna=False)
        .round(SAME)
        .sort_values(["merit", "place"], ascending=[False, True])
        .drop_duplicates("method")
        .set_index("method")
        .lr
    )
    return runs.lr == runs.method.map(best)


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method and condition, at the chosen learning rate: mean, sd, n and half the 95 % interval over seeds.

    `chips_sd` is the spread of chips within a seed; `diverged` counts seeds; `lr_at_edge` says that the chosen learning
    rate is the least or greatest of its grid, so that the best one may lie beyond.
    """
    grid = runs.groupby("method").lr.agg(["min", "max", "nunique"])
    runs = runs[runs.chosen].assign(diverged=runs.status == "diverged")
    means = {column: (column, "mean") for column in (*OUTCOME, *WORK)}
    seeds = (
        runs.groupby([*KEY, "seed"], dropna=False, sort=False)
        .agg(**means, chips_sd=("value_test", "std"), diverged=("diverged", "any"), epochs=("epochs", "first"))
        .reset_index()
    )
    of_seeds = {f"{column}_{name}": (column, name) for column in OUTCOME for name in ("mean", "std")}
    summary = (
        seeds.groupby(KEY, dropna=False, sort=False)
        .agg(
            epochs=("epochs", "first"),
            n=("seed", "size"),
            diverged=("diverged", "sum"),
            **of_seeds,
            **{column: (column, "mean") for column in WORK},
        )
        .assign(chips_sd=seeds.groupby(KEY, dropna=False, sort=False).chips_sd.mean())
        .reset_index()
        .rename(columns={f"{column}_std": f"{column}_sd" for column in OUTCOME})
    )
    for column in OUTCOME:
        place = summary.columns.get_loc(f"{column}_sd") + 1
        summary.insert(place, f"{column}_ci95", interval(summary[f"{column}_sd"], summary.n))
    own = grid.loc[summary.method].reset_index(drop=True)
    at_edge = ((summary.lr == own["min"]) | (summary.lr == own["max"])).astype("boolean").where(own["nunique"] > 1)
    summary.insert(summary.columns.get_loc("lr") + 1, "lr_at_edge", at_edge)
    return summary


def beside_teacher(summary: pd.DataFrame, teacher: str, teachers: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Add how far each row lies above (or below) its clean teacher ANN, and its energy over the teacher's.

    `teachers` names the teachers of methods; all others are judged by `teacher`.
    """
    reference = own_steps(summary).set_index("method")
    own = [(teachers or {}).get(method, teacher) for method in summary.method]
    above = summary.value_test_mean - reference.value_test_mean[own].to_numpy()
    return summary.assign(
        above_teacher=above, energy_of_teacher=summary.energy_nj / reference.energy_nj[own].to_numpy()
    )


def _teachers(job: Any) -> dict[str, str]:
    """Every method but the experiment's teacher, with the ANN to judge it by: its own, else that of the experiment."""
    runs = {evaluation.run.method_name: evaluation.run for evaluation in job.evaluations}
    teacher = job.experiment.teacher
    return {name: run.teacher.method_name if run.teacher else teacher for name, run in runs.items() if name != teacher}


def _static(job: Any, method: str) -> bool:
    run = next(evaluation.run for evaluation in job.evaluations if evaluation.run.method_name == method)
    return params.load_plugin("rules", run.method.rule, method).Rule.static


def _rows(evaluation: Any, job: Any) -> list[dict[str, Any]]:
    """The rows of one run, priced and checked against the schema."""
    rows, remedy = [], remake(evaluation.folder)
    for measured in files.read_csv(evaluation.proof, remedy):
        try:
            row = Row.model_validate({column: value for column, value in measured.items() if value}, strict=False)
        except ValidationError as error:
            raise InputError(evaluation.proof, f"does not hold the rows of this version ({error})", remedy) from error
        price = {"energy_nj": joules.energy_nj(row, job.energy), "energy_table": job.experiment.energy}
        rows.append(RunRow.model_validate({**row.model_dump(), **price}).model_dump())
    return rows


def _course(run: Any, name: str, types: Mapping[str, type | str]) -> pd.DataFrame:
    """What a training wrote epoch by epoch, with the identity of the run; `epoch_lr` is the scheduled learning rate."""
    names = {"dataset": run.data.name, "network": run.network_name, "method": run.method_name}
    identity = {**names, "steps": run.steps, "lr": run.method.training.lr, "seed": run.seed}
    course = _read(run.folder / name, types).rename(columns={"lr": "epoch_lr"})
    return pd.concat([pd.DataFrame(identity, index=course.index), course], axis=1)


def calibration(runs: pd.DataFrame, calibrations: Sequence[Any]) -> pd.DataFrame:
    """The course of every calibration, epoch by epoch, with the operations spent until then: those of the inferences
    that it watched, as the clean network needs them, and those of learning.
    """
    courses = [_trials(calibration) for calibration in calibrations]
    if not courses:
        return pd.DataFrame(columns=[*COURSE, *TRIALS, "operations"])
    table = pd.concat(courses, ignore_index=True)
    clean = recovery.inference(runs)
    own = [clean[row.method, row.lr, row.seed] for row in table[["method", "lr", "seed"]].itertuples()]
    return table.assign(operations=table.shown * own + table.learning_macs)


def _trials(calibration: Any) -> pd.DataFrame:
    run = calibration.run
    identity = {"method": run.method_name, "lr": run.method.training.lr, "seed": run.seed}
    course = _read(calibration.folder / "history.csv", TRIALS)
    course.insert(0, "noise", calibration.hardware.noise)
    return pd.concat([pd.DataFrame(identity, index=course.index), course], axis=1)


def _costs(folder: Path) -> dict[str, Any]:
    document = files.read_json(folder / "provenance.json", remake(folder))
    versions = " ".join(f"{name}={version}" for name, version in document["versions"].items())
    return {
        "path": str(folder),
        **document["cost"],
        "commit": document["commit"],
        "dirty": document["dirty"],
        "versions": f"python={document['python']} {versions}",
        "platform": document["platform"],
        "parents": " ".join(f"{role}={sha}" for role, sha in document["parents"].items()),
    }


def _read(path: Path, types: Mapping[str, type | str] | None = None) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=types)
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", remake(path.parent)) from error
