"""The command trace: where a number of the tables on record comes from. No torch."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from snn.cli import elsewhere
from snn.cli.listing import aligned
from snn.cli.sets import Tables
from snn.config import documents, params
from snn.config.read import short
from snn.core.columns import METRIC, Column
from snn.core.errors import InputError, make_result, nearest, reproduce
from snn.evaluation.outcomes import Outcomes
from snn.evaluation.rows import Row
from snn.page.digits import exact, rounded
from snn.pipeline import record
from snn.pipeline.plan import Plan
from snn.report import collected, columns
from snn.report.intervals import estimate, over_seeds
from snn.report.metric import SHOWN
from snn.report.pairs import OUTCOME, by_seed
from snn.report.place import Place
from snn.report.recommend import priced
from snn.report.select import at_own_steps, trainings
from snn.report.words import listed

FACTS = ("commit", "dirty", "machine", "versions", "parents")  # of a training, told once for those that agree


def trace(
    experiment: str,
    method: str,
    column: str,
    place: Place,
    treatment: Mapping[str, str | None],
    energy: str | None,
) -> None:
    """Print the mean of a column of runs.csv, or of `energy_nj`, with its 95 % interval, every seed, and what made it.

    `place`: of which networks; without steps at those of the training. `treatment`: of calibrated chips only those with
    this calibrator and these targets; None: with any. `energy`: the table that prices `energy_nj`; None: that of the
    experiment. Raises InputError naming what is not there.
    """
    found = record.TablesOnRecord(experiment)
    if not found.tables.is_dir():
        raise InputError(experiment, "has no tables on record", nearest(experiment, record.names()))
    found.prove()
    runs_read = collected.read(found.tables / collected.file("runs"), Row)
    energy = energy or params.load("experiments", experiment).energy
    runs = priced(runs_read, params.load("energy", energy))
    for what, name, known in (("method", method, runs.method.unique()), ("column", column, runs.columns)):
        if name not in known:
            raise InputError(f"{what} {name}", f"is not in the tables of {experiment}", nearest(name, list(known)))
    runs = runs[runs.method == method]
    rows = place.rows(runs)
    rows = rows if place.steps is not None else at_own_steps(rows)
    for name, wanted in treatment.items():
        known = sorted(rows[name].dropna().unique())
        if wanted is not None and wanted not in known:
            raise InputError(f"--{name} {wanted}", "is on none of these chips", nearest(wanted, known))
        rows = rows if wanted is None else rows[rows[name] == wanted]
    if rows.empty:
        remedy = elsewhere.instead(place, [Tables(found)]) if place.noise else "see docs/tables.md"
        raise InputError(f"method {method}", f"was not evaluated so in {experiment}", remedy)
    costs = collected.read(found.tables / "costs.csv", collected.CostRow)
    every = collected.outcomes(found.tables, len(runs_read)) if column == OUTCOME else None
    print(_told(found, rows, column, costs, every, energy))


def _told(
    found: record.TablesOnRecord,
    rows: pd.DataFrame,
    column: str,
    costs: pd.DataFrame,
    outcomes: Outcomes | None,
    energy: str,
) -> str:
    about = (columns.RUN | {"energy_nj": Column("nJ", f"energy of one inference under {energy}")})[column]
    unit = SHOWN[rows.metric.iloc[0]].unit if about.unit == METRIC else about.unit
    parts = [f"{found.name}, {rows.method.iloc[0]}, {column}{f' ({unit})' if unit else ''}: {about.meaning}"]
    if rows[column].dtype.kind in "if":
        parts.append(_mean(rows, column, about.unit, unit, outcomes))
    parts += ["", aligned([_row(row, column) for _, row in rows.iterrows()])]
    made = trainings(costs, set(rows.digest))
    for facts, alike in made.groupby(list(FACTS), sort=False, dropna=False):
        paths = [f"{cost.path}, {cost.cpu_seconds:.1f} CPU-s, {cost.peak_mb:,.0f} MB" for _, cost in alike.iterrows()]
        parts += ["", *paths, *(f"  {name}: {fact}" for name, fact in zip(FACTS, facts, strict=True))]
    first = made.path.iloc[0]
    plan = Plan(found.name)
    parts += ["", *_parameters(plan, rows.method.iloc[0], Path(first), made.commit.iloc[0])]
    parts += _of_chips(plan, Path(first), set(rows.noise.dropna()), costs)
    again = make_result(found.name, Path(first, "net.safetensors"))
    parts += ["", f"to make the first run again: {again}", f"to make all tables again: {reproduce(found.name)}"]
    return "\n".join([*parts, *([found.mark.strip().strip("*")] if found.mark else [])])


def _parameters(plan: Plan, method: str, run: Path, commit: str) -> list[str]:
    """The resolved parameters of a run, if it is one of today's plan; else where they stand in git."""
    job = plan.jobs.get(run)
    if job is not None:
        about = "parameters of the first run, resolved, which its digest holds; the others differ in the seed:"
        return [about, json.dumps(job.document, indent=2, sort_keys=True)]
    files = [short(documents.path_of(*named)) for named in (("methods", method), ("experiments", plan.name))]
    shown = " ".join(f"{commit}:{file}" for file in files)
    return ["parameters were others, or so was the code; as they were:", f"  git show {shown}"]


def _of_chips(plan: Plan, run: Path, noises: Collection[str], costs: pd.DataFrame) -> list[str]:
    """The resolved parameters of the chips of a run, of which tables are on record, and the commit that made them."""
    told = []
    for job in plan.calibrations:
        made = costs[costs.path == str(job.folder)]
        if job.run.folder == run and job.hardware.noise in noises and len(made):
            about = f"parameters of its chips, made by commit {made.commit.iloc[0]}: {job.folder}"
            told += ["", about, json.dumps(job.document, indent=2, sort_keys=True)]
            told += [f"to make them again: {make_result(plan.name, job.proof)}"]
    return told


def _mean(rows: pd.DataFrame, column: str, kind: str, unit: str, outcomes: Outcomes | None) -> str:
    """The mean over seeds with its interval, in the digits that the page shows, and with more of them.

    Intervals are those of summary.csv: of outcomes on test data for new seeds and new samples, of others over seeds.
    """
    metric, values = SHOWN[rows.metric.iloc[0]], rows.groupby("seed")[column].mean()
    n = len(values)
    text = f"mean over {n} seed{'s' * (n > 1)}: {rounded(exact(values.mean()), kind, metric)}"
    if len(rows[["calibrator", "targets"]].drop_duplicates()) > 1:
        return f"{text} {unit}, over several treatments; --calibrator and --targets choose one, which has an interval"
    if outcomes is None:
        half, about = float(over_seeds(values.std(), n)), "for new seeds and these samples"
    else:
        found = estimate(by_seed(rows, tuple(sorted(values.index)), outcomes), outcomes.binary)
        new = [*(["seeds"] if n > 1 else []), *(["chips"] if rows.noise.notna().any() else []), "test samples"]
        half, about = metric.factor * found.half(), f"for new {listed(new)}"
    if pd.isna(half):
        return f"{text} {unit}".rstrip() + "; one seed has no interval"
    digits = f"{values.mean():.6g} ± {half:.6g}"
    return f"{text} ± {rounded(half, kind, metric)} {unit}".rstrip() + f", 95 % interval {about} ({digits})"


def _row(row: pd.Series, column: str) -> Mapping[str, object]:
    named = ("seed", "chip", "lr", "epochs", "calibrator", "targets", "status", "digest")
    shown = {name: row[name] for name in named if pd.notna(row[name])}
    value = row[column]
    return {**shown, column: f"{value:.6g}" if isinstance(value, float) else value}
