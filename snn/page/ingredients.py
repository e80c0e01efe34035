"""What a number on the page is made of: columns of runs.csv, as arguments of the command trace. No torch.

An ingredient is text, `WHOSE COLUMN` or `WHOSE COLUMN STEPS`. Whose runs: `row`, all behind the row; `clean`, `noisy`,
`calibrated`, those of them under this condition; `teacher`, `best`, clean networks of the teacher or the best method;
`first`, the first row for a chip. `STEPS` is the column of the row that has the steps of the inference. A column may be
`priced`, the energy under the convention that is shown, or `named`, the column that the row is about. A number that
trace cannot lead to has no ingredient.
"""

import re
from collections.abc import Mapping
from typing import Any

from snn.report import columns
from snn.report.sections.ratios.table import WITHIN

ENERGY = "energy_nj"  # under the convention of the experiment, which trace adds to the columns of runs.csv
TRACED = (*columns.RUN, ENERGY)
SPREAD = re.compile(r"_(mean|sd|ci95)$")
BY_CONDITION = {  # of rows of runs that trace knows
    "n": "row status",
    "diverged": "row status",
    "chips_sd": "row value_test",
    "energy_of_teacher": f"row {ENERGY};teacher {ENERGY}",
    "above_teacher": "row value_test;teacher value_test",
    "val_above_teacher": "row value_val;teacher value_val",
    "within_a_point": "row value_val;teacher value_val",
    "method": "row value_test",
}
NOISY, CALIBRATED = "noisy value_test", "calibrated value_test"
GAIN, LEFT, LAST = f"{NOISY};{CALIBRATED}", f"clean value_test;{CALIBRATED}", f"{NOISY};calibrated value_test_last"
OF_TEACHER = dict.fromkeys(("of_teacher", "of_teacher_low", "of_teacher_high"), "row priced;teacher priced")
TEACHER = "row value_test;teacher value_test"
MADE_OF: dict[str, dict[str, str]] = {
    "summary": BY_CONDITION,
    "steps": BY_CONDITION,
    "ranked": {
        **BY_CONDITION,
        "energy_nj": "row priced",
        "energy_of_teacher": "row priced;teacher priced",
        **dict.fromkeys(("beside_best", "verdict_best"), "row value_test;best value_test"),
        **dict.fromkeys(("beside_teacher", "verdict_teacher"), TEACHER),
    },
    "energy": {
        **dict.fromkeys(("convention", "method", "energy_nj"), "row priced"),
        "teacher": "teacher priced",
        "spikes_per_neuron": "row spikes;row neuron_updates",
        "share_macs": "row macs_once;row macs_every_step",
        **{f"share_{part}": f"row {part}" for part in ("acs", "compares", "neuron_updates")},
        "teacher_nj": "teacher priced",
        "teacher_skipping_zeros_nj": "teacher macs_nonzero",
        "teacher_int8_nj": "teacher macs_once",
        "same_layers_nj": "row dense_macs",
        **OF_TEACHER,
        "of_teacher_skipping_zeros": "row priced;teacher macs_nonzero",
        "of_teacher_int8": "row priced;teacher macs_once",
        "of_same_layers": "row priced;row dense_macs",
        "nj_at_equal_accuracy": "row priced steps_at_equal_accuracy",
        "of_teacher_at_equal_accuracy": "row priced steps_at_equal_accuracy;teacher priced",
        "value_test_at_equal_energy": "row value_test steps_at_equal_energy",
        "value_test_of_teacher": "teacher value_test",
    },
    "hardware": {
        **dict.fromkeys(("method", "noise", "level", "calibrator", "targets", "control"), CALIBRATED),
        **dict.fromkeys(("n", "diverged", "chips"), "noisy status;calibrated status"),
        **{name: f"{name} value_test" for name in ("clean", "noisy", "calibrated")},
        **{f"{name}_chips_sd": f"{name} value_test" for name in ("noisy", "calibrated")},
        "loss": f"clean value_test;{NOISY}",
        **dict.fromkeys(("gain", "worse"), GAIN),
        **dict.fromkeys(("gain_last", "worse_last"), LAST),
        **dict.fromkeys(("left", "chip_low", "chip_high", "chip_bound"), LEFT),
        **dict.fromkeys(("recovered", "recovered_low", "recovered_high"), f"clean value_test;{GAIN}"),
    },
    "comparisons": {
        **dict.fromkeys(("left", "right", "difference", "sd", "low", "high", "better", "verdict"), "row named"),
        **dict.fromkeys(("column", "left_on", "right_on", "ci95", "ci95_seeds", "se_seeds", "detectable"), "row named"),
        **dict.fromkeys(("n", "diverged_left", "diverged_right"), "row status"),
        **dict.fromkeys(("steps_left", "steps_right"), "row steps"),
        **dict.fromkeys(("lr_left", "lr_right"), "row lr"),
        "val_difference": "row value_val",
    },
    "claims": {
        **dict.fromkeys(("claim", "column", "found", "low", "high", "verdict", "needs"), "row named"),
        "n": "row status",
    },
    "ratios": {
        **dict.fromkeys(("more", "fewer", "column", "ratio", "low", "high"), "row named"),
        **dict.fromkeys(("n", "diverged"), "row status"),
    },
    "recommend": {
        **dict.fromkeys(("rule", "T", "test", "95 % interval", "one chip", "calibrator"), "row value_test"),
        **dict.fromkeys(("behind", "verdict"), "row value_test;first value_test"),
        "energy nJ": "row priced",
        "trained at T": "row steps",
    },
}
OWN = ("summary", "steps", "ranked")  # tables with a column of runs.csv under its own name


def ingredients(table: str, column: str) -> str:
    """The ingredients of a column of a table of the page, separated by `;`; empty for none."""
    known, own = MADE_OF.get(table, {}), SPREAD.sub("", column)
    found = known.get(column, known.get(own, ""))
    return found or (f"row {own}" if own in TRACED and table in OWN else "")


def named(row: Mapping[str, Any], convention: str) -> str:
    """The argument for what a row of comparisons, claims or ratios is about; empty if trace has no such column.

    Ratios at the fewest steps that come within a point, as all claims on ratios are, have none. `convention`: that of
    the experiment, of energy.
    """
    column = str(row.get("column", ""))
    own = ENERGY if column == f"{ENERGY}_{convention}" else column
    within = row.get("of") == "ratio" or row.get("basis") == WITHIN
    return own if own in TRACED and not within else ""
