"""Columns of the tables of the page: which are shown at first, their titles and units. No torch."""

from typing import NamedTuple

from snn.core.columns import METRIC
from snn.report.metric import Metric

FIRST = {
    "claims": ("claim", "source", "at_least", "found", "low", "high", "n", "verdict", "needs"),
    "comparisons": (
        *("left", "left_on", "right", "right_on", "column", "family"),
        *("n", "difference", "low", "high", "verdict"),
    ),
    "energy": (
        *("convention", "method", "energy_nj", "of_teacher", "of_teacher_skipping_zeros", "of_teacher_int8"),
        *("spikes_per_neuron", "break_even_spikes_per_neuron"),
        *("of_teacher_at_equal_accuracy", "steps_at_equal_accuracy"),
    ),
    "hardware": (
        *("method", "noise", "level", "calibrator", "targets", "control", "n", "clean", "noisy", "calibrated"),
        *("loss", "gain", "gain_ci95", "worse", "left", "left_ci95", "recovered", "recovered_low", "recovered_high"),
        "chip_bound",
    ),
    "ratios": ("more", "fewer", "column", "basis", "n", "ratio", "low", "high"),
    "steps": (
        *("method", "steps", "steps_eval", "n", "value_test_mean", "value_test_ci95", "acs", "energy_nj"),
        *("within_a_point", "fewest_steps", "seeds_that_reach"),
    ),
    "summary": (
        *("method", "steps_eval", "condition", "noise", "level", "calibrator", "targets", "control", "n"),
        *("value_test_mean", "value_test_ci95", "chips_sd", "energy_nj", "flags"),
    ),
}
DIFFERENCES = {  # columns of outcomes, by the start of their names, that are differences
    **dict.fromkeys(("claims", "comparisons"), ("",)),
    "hardware": ("loss", "gain", "left", "chip_"),
    "ranked": ("beside_",),
}
TITLES = {  # of columns whose name in files reads badly
    "acs": "ACs",
    "macs_once": "MACs, image once",
    "macs_every_step": "MACs, every step",
    "value_test_mean": "test",
    "value_val_mean": "validation",
    "steps": "trained at T",
    "steps_eval": "T",
    "energy_nj": "energy",
    "teacher_nj": "energy of teacher",
    "teacher_int8_nj": "energy of teacher, int8",
    "chips_sd": "sd of chips",
    "cpu_seconds": "processor time",
    "seconds": "time",
    "peak_mb": "peak memory",
}
RANKED = {  # titles of the ranked table alone
    "value_test_ci95": "±\u00a095\u00a0%",
    "steps": "T",
    "beside_best": "minus best",
    "verdict_best": "against best",
    "beside_teacher": "minus teacher",
    "verdict_teacher": "against teacher",
    "macs_once": "MACs",
    "macs_every_step": "MACs",
    "energy_of_teacher": "of teacher",
}


class Head(NamedTuple):
    """A column: its name in files, unit, meaning, whether it holds numbers, whether it is shown at first.

    `trace`: what a cell is made of, see `ingredients`.
    """

    name: str
    unit: str
    meaning: str
    number: bool
    first: bool
    title: str
    trace: str


def title(table: str, column: str) -> str:
    """The name of a column as it is read."""
    titles = TITLES | (RANKED if table == "ranked" else {})
    found = titles.get(column) or titles.get(column.removesuffix("_ci95") + "_mean" * column.startswith("value_"))
    words = found or column.removesuffix("_ci95").replace("_", " ")
    return f"{words} ±\u00a095\u00a0%" if column.endswith("_ci95") and column not in titles else words


def unit_of(table: str, column: str, unit: str, metric: Metric) -> str:
    """The unit of a column of the page: that of the metric where it holds outcomes, or their differences."""
    if unit != METRIC:
        return unit
    return metric.difference_unit if column.startswith(DIFFERENCES.get(table, ("-",))) else metric.unit
