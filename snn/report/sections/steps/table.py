"""How many steps a spiking network needs to come within a point of its teacher, and what that costs. No torch.

Judged on validation means at every number of steps that was tried; a point is 0.01 of accuracy, and with any other
metric nothing comes "within a point". Between two numbers that were tried lies the true one.
"""

from collections.abc import Mapping

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.select import own_steps

POINT = 0.01
ROUNDING = 1e-9  # 0.97 is within a point of 0.98 in floats, too
KEPT = ["method", "lr", "steps", "steps_eval", "extrapolated", "n", "diverged", "metric", "value_val_mean"]
WORTH = ["value_test_mean", "value_test_ci95", "spikes", "acs", "energy_nj"]
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
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return by_steps(inputs.table("summary"), inputs.spiking)


def by_steps(summary: pd.DataFrame, teachers: Mapping[str, str], condition: str = "clean") -> pd.DataFrame:
    """One row a spiking method and number of steps; `fewest_steps` is the method's, empty when it never gets there.

    `teachers` names the ANN that each method is judged by. With condition int8, both are in 8-bit integers.
    """
    clean = summary[summary.condition == condition]
    table = clean.loc[clean.method.isin(list(teachers)), KEPT + WORTH + WORK].reset_index(drop=True)
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


def ratio(table: pd.DataFrame, column: str, more: str, fewer: str) -> tuple[float, float, float]:
    """How many times as much of `column` the method `more` needs as `fewer`; at least, and at most.

    At least: the one at the number of steps tried before its fewest, over the other at its fewest; at most: the other
    way round. A method that never comes within a point needs more than at the most steps tried. What is extrapolated
    says nothing here: the method may do better when it is trained for these steps.
    """
    table = table[~table.extrapolated]
    above, above_before = _needed(table[table.method == more], column)
    below, below_before = _needed(table[table.method == fewer], column)
    most = above / below_before if below_before else float("inf")
    return above / below if below < float("inf") else float("nan"), above_before / below, most


def _needed(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """The column at the fewest steps that suffice, and at those tried before; of a single step there is none before."""
    values, enough = rows[column].tolist(), rows.within_a_point.tolist()
    if True not in enough:
        return float("inf"), values[-1]
    first = enough.index(True)
    if first:
        return values[first], values[first - 1]
    return values[0], values[0] if rows.steps_eval.iloc[0] == 1 else 0.0
