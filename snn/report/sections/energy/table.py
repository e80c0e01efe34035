"""What an inference costs under every convention of `params/energy`, beside ANNs. No torch.

One row a convention and spiking method, means over seeds. Under a convention of 8-bit integers, methods and teacher are
judged in 8-bit integers; 16-bit floats are taken to be as accurate as 32-bit ones. Baselines: the method's teacher, the
teacher on a machine that skips zeros, the teacher in 8-bit integers, and an ANN of the method's own layers; all by
border-exact counts. Over the numbers of steps tried: the least energy among those within a point of the teacher on
validation data (energy at equal accuracy), and the steps with the best validation value among those that cost no more
than the teacher (accuracy at equal energy).
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pandas as pd

from snn.config import Energy
from snn.core.columns import METRIC, Column
from snn.energy import prices
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.sections.steps import table as steps
from snn.report.select import own_steps

INT8 = "horowitz45_int8"  # the convention of the 8-bit baseline
BASELINES = {
    "teacher": "the teacher ANN",
    "teacher_skipping_zeros": "the teacher on a machine that skips zero activations",
    "teacher_int8": "the teacher in 8-bit integers",
    "same_layers": "an ANN of the same layers",
}
PARTS = {
    "macs": "multiply-accumulates",
    "acs": "accumulates",
    "compares": "comparisons",
    "neuron_updates": "neuron updates",
}
COLUMNS = {
    "convention": Column("", "file in params/energy"),
    "method": columns.RUN["method"],
    "teacher": Column("", "the ANN that the method is compared with"),
    "steps": columns.RUN["steps"],
    "spikes_per_neuron": Column("spikes", "of an inference, per neuron: T times the firing rate"),
    "energy_nj": Column("nJ", "energy of one inference"),
    "share_first_layer": Column("fraction", "of the energy that the input takes in the first layer"),
    **{f"share_{part}": Column("fraction", f"of the energy that {name} take") for part, name in PARTS.items()},
    **{f"{baseline}_nj": Column("nJ", f"energy of {name}") for baseline, name in BASELINES.items()},
    **{f"of_{baseline}": Column("ratio", f"energy over that of {name}") for baseline, name in BASELINES.items()},
    "break_even_spikes_per_neuron": Column("spikes", "per neuron at which network and teacher take the same energy"),
    "steps_at_equal_accuracy": Column("steps", "cheapest that were tried and come within a point of the teacher"),
    "nj_at_equal_accuracy": Column("nJ", "energy at these steps"),
    "of_teacher_at_equal_accuracy": Column("ratio", "that energy over the teacher's"),
    "steps_at_equal_energy": Column("steps", "best on validation data of those that cost no more than the teacher"),
    "value_test_at_equal_energy": Column(METRIC, "on test data at these steps"),
    "value_test_of_teacher": Column(METRIC, "on test data, of the teacher"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return conventions(inputs.table("summary"), inputs.collected["layers"], inputs.spiking, inputs.energies)


def conventions(
    summary: pd.DataFrame, layers: pd.DataFrame, teachers: Mapping[str, str], energies: Mapping[str, Energy]
) -> pd.DataFrame:
    """The table; `teachers` names the ANN of every spiking method, `layers` are the rows of layers.csv."""
    first = _first_layers(summary, layers)
    judged = {condition: _judged(summary, teachers, condition) for condition in ("clean", "int8")}
    rows = []
    for name, energy in energies.items():
        own, tried = judged["int8" if energy.precision == "int8" else "clean"]
        for method, teacher in teachers.items():
            about = first.loc[method].to_dict(), own[method], own[teacher], tried[tried.method == method]
            rows.append(_row(name, energy, *about, energies))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _judged(summary: pd.DataFrame, teachers: Mapping[str, str], condition: str) -> tuple[dict[str, Any], pd.DataFrame]:
    own = {row.method: row for row in own_steps(summary, condition).itertuples()}
    return own, steps.by_steps(summary, teachers, condition)


def _first_layers(summary: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """What reaches the first layer with synapses, by method: operations, means over seeds."""
    speaking = layers.merge(own_steps(summary)[["method", "lr"]])
    first = speaking[speaking.dense_macs > 0].groupby(["method", "seed"], as_index=False).first()
    return first.groupby("method")[["acs", "macs_once", "macs_every_step"]].mean()


def _row(
    name: str,
    energy: Energy,
    first: Mapping[str, float],
    work: Any,
    teacher: Any,
    tried: pd.DataFrame,
    energies: Mapping[str, Energy],
) -> dict[str, object]:
    parts, reference = prices.parts_nj(work, energy), prices.energy_nj(teacher, energy)
    own = sum(parts.values())
    baselines = {
        "teacher": reference,
        "teacher_skipping_zeros": prices.skipping_zeros_nj(teacher, energy),
        "teacher_int8": prices.energy_nj(teacher, energies[INT8]) if INT8 in energies else None,
        "same_layers": prices.same_layers_nj(work, energy),
    }
    return {
        "convention": name,
        "method": work.method,
        "teacher": teacher.method,
        "steps": work.steps,
        "spikes_per_neuron": prices.spikes_per_neuron(work),
        "energy_nj": own,
        "share_first_layer": prices.first_layer_nj(first, energy) / own,
        **{f"share_{part}": value / own for part, value in parts.items()},
        **{f"{baseline}_nj": value for baseline, value in baselines.items()},
        **{f"of_{baseline}": own / value for baseline, value in baselines.items() if value},
        "break_even_spikes_per_neuron": prices.break_even(work, energy, reference, first["acs"]),
        **_over_steps(tried, energy, reference),
        "value_test_of_teacher": teacher.value_test_mean,
    }


def _over_steps(tried: pd.DataFrame, energy: Energy, reference: float) -> dict[str, object]:
    rows = [SimpleNamespace(**row) for row in tried.to_dict("records")]
    costs = {row.steps_eval: prices.energy_nj(row, energy) for row in rows}
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
