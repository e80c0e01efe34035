"""The fewest steps at which a spiking network comes within a point of its teacher, and their cost. No torch.

Decided on validation data at the numbers of steps that were tried, by means over seeds, and for each seed by its own
teacher. A point is 0.01 of accuracy; with another metric, nothing comes within a point. The true fewest number is
between the one that was found and the one tried before it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.ratios import needed
from snn.report.select import own_steps

POINT = 0.01
ROUNDING = 1e-9  # 0.97 is within a point of 0.98 in floats, too
KEPT = ["method", "lr", "steps", "steps_eval", "extrapolated", "n", "diverged", "metric", "value_val_mean"]
TEST = ["value_test_mean", "value_test_ci95", "spikes", "acs", "energy_nj"]
PAIR = ["method", "seed"]
WORK = ["macs_once", "macs_every_step", "compares", "neuron_updates"]
COLUMNS = {
    "method": columns.RUN["method"],
    "teacher": Column("", "the ANN that the method is compared with"),
    **columns.of_runs(["lr", "steps", "steps_eval", "extrapolated"]),
    "n": columns.N,
    "diverged": columns.DIVERGED,
    "metric": columns.RUN["metric"],
    "value_val_mean": Column(METRIC, "on validation data: mean over seeds"),
    "val_above_teacher": Column(METRIC, "the same minus that of the teacher"),
    "value_test_mean": Column(METRIC, "on test data: mean over seeds"),
    "value_test_ci95": Column(METRIC, "half the 95 % interval of the mean"),
    **columns.of_runs(["spikes", "acs"]),
    "energy_nj": columns.ENERGY,
    **columns.of_runs(WORK),
    "within_a_point": Column("", "val_above_teacher is at least -0.01 of accuracy"),
    "fewest_steps": Column("steps", "the fewest that were tried and come within a point; empty if none does"),
    "seeds_that_reach": Column(
        "seeds", "that come within a point of their own teacher at some steps, extrapolated ones not counted"
    ),
    "median_fewest_steps": Column(
        "steps", "the fewest of each seed: median over seeds; empty if half of them or more have none"
    ),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    table, reach = by_steps(inputs.table("summary"), inputs.spiking), _seeds_that_reach(inputs.runs, inputs.spiking)
    found = [reach.get(method, (0, float("inf"))) for method in table.method]
    fewest = pd.Series([median for _, median in found], table.index, dtype=float)
    return table.assign(
        seeds_that_reach=[seeds for seeds, _ in found], median_fewest_steps=fewest.where(fewest < float("inf"))
    )


def by_steps(summary: pd.DataFrame, teachers: Mapping[str, str], condition: str = "clean") -> pd.DataFrame:
    """One row per spiking method and number of steps; `fewest_steps` of a method is empty if none comes within a point.

    `teachers` is the ANN that each method is compared with. With condition int8, both are in 8-bit integers.
    """
    clean = summary[summary.condition == condition]
    table = clean.loc[clean.method.isin(list(teachers)), KEPT + TEST + WORK].reset_index(drop=True)
    teacher = table.method.map(teachers)
    reached = teacher.map(own_steps(clean, condition).set_index("method").value_val_mean)
    above = table.value_val_mean - reached
    within = (above >= -POINT - ROUNDING) & (table.metric == "accuracy")
    fewest = table[within].groupby("method").steps_eval.min()
    table.insert(1, "teacher", teacher)
    table.insert(table.columns.get_loc("value_val_mean") + 1, "val_above_teacher", above)
    table = table.assign(within_a_point=within, fewest_steps=table.method.map(fewest).astype("Int64"))
    place = {method: i for i, method in enumerate(teachers)}
    order = table.assign(place=table.method.map(place)).sort_values(["place", "steps_eval"]).index
    return table.loc[order].reset_index(drop=True)


def of_seeds(runs: pd.DataFrame, teachers: Mapping[str, str]) -> pd.DataFrame:
    """The clean rows of runs by which the steps of each seed are decided, sorted by steps.

    `within_a_point`: on validation data, of the teacher of the same seed. Extrapolated rows do not count, since the
    method may do better if it is trained with these steps; nor do seeds in which the method or its teacher diverged.
    """
    clean = runs[runs.condition == "clean"]
    rows = clean[clean.method.isin(list(teachers)) & ~clean.extrapolated].sort_values("steps_eval")
    diverged = clean[clean.status == "diverged"].set_index(PAIR).index
    itself = rows.set_index(PAIR).index
    teacher = rows.assign(method=rows.method.map(dict(teachers))).set_index(PAIR).index
    above = rows.value_val - own_steps(clean).set_index(PAIR).value_val.reindex(teacher).to_numpy()
    within = (above >= -POINT - ROUNDING) & (rows.metric == "accuracy")
    return rows.assign(within_a_point=within)[~(itself.isin(diverged) | teacher.isin(diverged))]


def needed_by_seed(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """How much of `column` each seed needs at least and at most, of rows of `of_seeds` of one method."""
    cost, within = (rows.pivot(index="seed", columns="steps_eval", values=name) for name in (column, "within_a_point"))
    found = needed(cost.columns.to_numpy(float), cost.to_numpy(float), within.eq(True).to_numpy())
    return pd.DataFrame(found._asdict(), index=cost.index)


def _seeds_that_reach(runs: pd.DataFrame, teachers: Mapping[str, str]) -> dict[str, tuple[int, float]]:
    """By method, how many seeds come within a point at some steps, and the median over seeds of the fewest."""
    rows = of_seeds(runs, teachers)
    found = {method: needed_by_seed(own, "steps_eval").most_S for method, own in rows.groupby("method")}
    return {method: (int(np.isfinite(most_S).sum()), float(most_S.median())) for method, most_S in found.items()}
