"""What an inference costs under every convention of `params/energy`, beside ANNs. No torch.

One row a convention and spiking method, means over seeds. Baselines: the method's teacher, the teacher on a machine
that skips zeros, the teacher in 8-bit integers, and an ANN of the method's own layers; all by border-exact counts. Over
the numbers of steps tried: the least energy among those within a point of the teacher on validation data (energy at
equal accuracy), and the steps with the best validation value among those that cost no more than the teacher (accuracy
at equal energy).
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pandas as pd

from snn import joules
from snn.compare import own_steps
from snn.kinds import Energy

INT8 = "horowitz45_int8"  # the convention of the 8-bit baseline
COLUMNS = [
    *("convention", "method", "teacher", "steps", "spikes_per_neuron", "energy_nj"),
    *("share_macs", "share_acs", "share_compares", "share_neuron_updates"),
    *("teacher_nj", "teacher_skipping_zeros_nj", "teacher_int8_nj", "same_layers_nj", "of_teacher"),
    *("of_teacher_skipping_zeros", "of_teacher_int8", "of_same_layers", "break_even_spikes_per_neuron"),
    *("steps_at_equal_accuracy", "nj_at_equal_accuracy", "of_teacher_at_equal_accuracy"),
    *("steps_at_equal_energy", "value_test_at_equal_energy", "value_test_of_teacher"),
]


def conventions(
    summary: pd.DataFrame, by_steps: pd.DataFrame, teachers: Mapping[str, str], energies: Mapping[str, Energy]
) -> pd.DataFrame:
    """The table; `teachers` names the ANN of every spiking method, `by_steps` is that of `steps`."""
    clean = {row.method: row for row in own_steps(summary).itertuples()}
    rows = [
        _row(name, energy, clean[method], clean[teacher], by_steps[by_steps.method == method], energies)
        for name, energy in energies.items()
        for method, teacher in teachers.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    name: str, energy: Energy, work: Any, teacher: Any, tried: pd.DataFrame, energies: Mapping[str, Energy]
) -> dict[str, object]:
    parts, reference = joules.parts_nj(work, energy), joules.energy_nj(teacher, energy)
    own = sum(parts.values())
    baselines = {
        "teacher": reference,
        "teacher_skipping_zeros": joules.skipping_zeros_nj(teacher, energy),
        "teacher_int8": joules.energy_nj(teacher, energies[INT8]) if INT8 in energies else None,
        "same_layers": joules.same_layers_nj(work, energy),
    }
    return {
        "convention": name,
        "method": work.method,
        "teacher": teacher.method,
        "steps": work.steps,
        "spikes_per_neuron": joules.spikes_per_neuron(work),
        "energy_nj": own,
        **{f"share_{part}": value / own for part, value in parts.items()},
        **{f"{baseline}_nj": value for baseline, value in baselines.items()},
        **{f"of_{baseline}": own / value for baseline, value in baselines.items() if value},
        "break_even_spikes_per_neuron": joules.break_even(work, energy, reference),
        **_over_steps(tried, energy, reference),
        "value_test_of_teacher": teacher.value_test_mean,
    }


def _over_steps(tried: pd.DataFrame, energy: Energy, reference: float) -> dict[str, object]:
    rows = [SimpleNamespace(**row) for row in tried.to_dict("records")]
    costs = {row.steps_eval: joules.energy_nj(row, energy) for row in rows}
    found: dict[str, object] = {}
    enough = [row for row in rows if row.within_a_point]
    if enough:
        least = min(enough, key=lambda row: costs[row.steps_eval])
        found["steps_at_equal_accuracy"] = least.steps_eval
        found["nj_at_equal_accuracy"] = costs[least.steps_eval]
        found["of_teacher_at_equal_accuracy"] = costs[least.steps_eval] / reference
    affordable = [row for row in rows if costs[row.steps_eval] <= reference]
    if affordable:
        sign = 1 if affordable[0].metric == "accuracy" else -1
        best = max(affordable, key=lambda row: sign * row.value_val_mean)
        found["steps_at_equal_energy"], found["value_test_at_equal_energy"] = best.steps_eval, best.value_test_mean
    return found
