"""Every method under every condition: mean, sd, n and interval over seeds. No torch."""

from collections.abc import Mapping

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.evaluation.outcomes import Outcomes
from snn.report import columns, flags
from snn.report.inputs import Inputs
from snn.report.intervals import estimate, over_seeds
from snn.report.pairs import by_seed
from snn.report.sections.published.table import beside_summary
from snn.report.select import own_steps

RUN_KEY = ["task", "dataset", "network", "method", "rule", "protocol", "steps", "steps_eval", "extrapolated", "lr"]
CONDITION = ["condition", "noise", "level"]
KEY = [*RUN_KEY, *CONDITION, "calibrator", "targets", "control", "metric", "direction"]
OUTCOME = ["value_val", "value_test"]
OPERATIONS = ["acs", "macs_once", "macs_every_step", "macs_nonzero", "compares", "neuron_updates", "dense_macs"]
COLUMNS = {
    **columns.of_runs(RUN_KEY),
    "lr_at_edge": Column("", "the learning rate is the smallest or largest of its grid; empty without a grid"),
    **columns.of_runs([*CONDITION, "calibrator", "targets", "control", "metric", "direction", "epochs"]),
    "n": columns.N,
    "diverged": columns.DIVERGED,
    **columns.mean_over_seeds("value_val"),
    **columns.mean_over_seeds("value_test"),
    **columns.of_runs(["spikes", "sparsity", "acs"]),
    "acs_ci95": Column("operations", "half the 95 % interval of their mean over seeds, for these test samples"),
    **columns.of_runs(OPERATIONS[1:]),
    "energy_nj": columns.ENERGY,
    "energy_nj_ci95": Column("nJ", "half the 95 % interval of its mean over seeds, for these test samples"),
    "chips_sd": Column(METRIC, "standard deviation of chips within a seed: mean over seeds"),
    "above_teacher": Column(METRIC, "value_test_mean minus that of the clean teacher ANN"),
    "energy_of_teacher": Column("ratio", "energy over that of the teacher ANN"),
    "published": Column(METRIC, "accuracy that a paper reports for the same data, network, method and steps"),
    "trust": Column("", "how the published figure is known: read, quoted, digitised, memory"),
    "above_published": Column(METRIC, "value_test_mean minus the published figure; empty where they do not compare"),
    "flags": Column("", "warnings in words, see docs/tables.md; empty without any"),
}
COSTS = ["acs", "energy_nj"]
WORK = ["spikes", "sparsity", *OPERATIONS, "energy_nj"]


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    summary = with_level_0(summarise(inputs.runs, inputs.collected["tuning"], inputs.outcomes))
    summary = beside_teacher(summary, inputs.experiment.teacher, inputs.teachers)
    summary = beside_summary(summary, inputs.published.figures, inputs.layout)
    about = inputs.classes, flags.of_layers(inputs.collected["layers"]), flags.of_seeds(inputs.runs, inputs.classes)
    return summary.assign(flags=[flags.of_row(row, *about) for row in summary.to_dict("records")])


def summarise(runs: pd.DataFrame, tuning: pd.DataFrame, outcomes: Outcomes) -> pd.DataFrame:
    """One row per method, condition and number of steps: mean, sd, n and half the 95 % interval.

    Intervals of outcomes on test data are those for new seeds and new test samples, the others are over seeds; there is
    none of validation values that are the same under every seed, since equal seeds are no certainty.
    `chips_sd`: standard deviation of chips within a seed, mean over seeds; `diverged`: number of seeds; `lr_at_edge`:
    the chosen learning rate is the smallest or largest of its grid, so a better one may be beyond.
    """
    runs = runs.assign(diverged=runs.status == "diverged")
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
            **{f"{column}_sd": (column, "std") for column in COSTS},
        )
        .assign(chips_sd=seeds.groupby(KEY, dropna=False, sort=False).chips_sd.mean())
        .reset_index()
        .rename(columns={f"{column}_std": f"{column}_sd" for column in OUTCOME})
        .round({f"{column}_mean": columns.DIGITS for column in OUTCOME})
    )
    halves = {
        "value_val": over_seeds(summary.value_val_sd, summary.n).where(summary.value_val_sd > 0),
        "value_test": [_half(rows, outcomes) for _, rows in runs.groupby(KEY, dropna=False, sort=False)],
    }
    for column, half in halves.items():
        summary.insert(summary.columns.get_loc(f"{column}_sd") + 1, f"{column}_ci95", half)
    for column in COSTS:
        half = over_seeds(summary.pop(f"{column}_sd"), summary.n)
        summary.insert(summary.columns.get_loc(column) + 1, f"{column}_ci95", half)
    grid = tuning.groupby("method").lr.agg(["min", "max"]).reindex(summary.method).reset_index(drop=True)
    at_edge = ((summary.lr == grid["min"]) | (summary.lr == grid["max"])).astype("boolean").where(grid["min"].notna())
    summary.insert(summary.columns.get_loc("lr") + 1, "lr_at_edge", at_edge)
    return summary


def with_level_0(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary with rows at level 0 of every noise model, where a chip is the clean network."""
    kinds = summary[summary.condition == "noisy"].groupby(["method", "noise"], sort=False).size().index
    clean = summary[summary.condition == "clean"]
    first = [
        clean[clean.method == method].assign(condition="noisy", noise=noise, level=0.0, chips_sd=0.0)
        for method, noise in kinds
    ]
    return pd.concat([summary, *first], ignore_index=True) if first else summary


def _half(rows: pd.DataFrame, outcomes: Outcomes) -> float:
    return estimate(by_seed(rows, tuple(sorted(set(rows.seed))), outcomes), outcomes.binary).half()


def beside_teacher(summary: pd.DataFrame, teacher: str, teachers: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Add to each row its test value minus that of the clean teacher ANN, and its energy over that of the teacher.

    `teachers` gives the teacher by method; other methods are compared with `teacher`.
    """
    reference = own_steps(summary).set_index("method")
    own = [(teachers or {}).get(method, teacher) for method in summary.method]
    above = summary.value_test_mean - reference.value_test_mean[own].to_numpy()
    return summary.assign(
        above_teacher=above, energy_of_teacher=summary.energy_nj / reference.energy_nj[own].to_numpy()
    )
