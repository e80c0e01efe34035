"""Energy of an inference under every convention of `params/energy`, compared with ANNs. No torch.

One row per convention and spiking method, means over seeds. Under a convention of 8-bit integers, methods and teacher
are evaluated in 8-bit integers; 16-bit floats are assumed to be as accurate as 32-bit ones. Baselines, with exact
counts at borders: the teacher ANN, the teacher on a machine that skips zeros, the teacher in 8-bit integers, and an ANN
of the same layers. Two results use all numbers of steps that were tried:

    energy at equal accuracy      the least energy of those within a point of the teacher on validation data
    accuracy at equal energy      that of the best on validation data among those that cost no more than the teacher
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
from snn.report.pairs import converged
from snn.report.ratios import geometric_mean
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
    "of_teacher_low": Column("ratio", "lower end of the 95 % interval of of_teacher for new seeds: geometric mean"),
    "of_teacher_high": Column("ratio", "upper end of that interval; both are empty without a bound"),
    "break_even_spikes_per_neuron": Column("spikes", "per neuron at which network and teacher take the same energy"),
    "steps_at_equal_accuracy": Column("steps", "the cheapest of those tried that come within a point of the teacher"),
    "nj_at_equal_accuracy": Column("nJ", "energy at these steps"),
    "of_teacher_at_equal_accuracy": Column("ratio", "that energy over the teacher's"),
    "steps_at_equal_energy": Column("steps", "best on validation data of those that cost no more than the teacher"),
    "value_test_at_equal_energy": Column(METRIC, "on test data at these steps"),
    "value_test_of_teacher": Column(METRIC, "on test data, of the teacher"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    summary, layers = inputs.table("summary"), inputs.collected["layers"]
    return conventions(summary, layers, inputs.runs, inputs.spiking, inputs.energies)


def conventions(
    summary: pd.DataFrame,
    layers: pd.DataFrame,
    runs: pd.DataFrame,
    teachers: Mapping[str, str],
    energies: Mapping[str, Energy],
) -> pd.DataFrame:
    """The table: `teachers` is the ANN of every spiking method, `layers` and `runs` are rows of their files."""
    first = _first_layers(summary, layers)
    evaluated = {condition: _evaluated(summary, teachers, condition) for condition in ("clean", "int8")}
    rows = []
    for name, energy in energies.items():
        condition = "int8" if energy.precision == "int8" else "clean"
        own, tried = evaluated[condition]
        for method, teacher in teachers.items():
            about = first.loc[method].to_dict(), own[method], own[teacher], tried[tried.method == method]
            interval = _of_teacher(own_steps(runs, condition), method, teacher, energy)
            rows.append({**_row(name, energy, *about, energies), **interval})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_teacher(runs: pd.DataFrame, method: str, teacher: str, energy: Energy) -> dict[str, float]:
    """The interval of the energy over that of the teacher, seed by seed; empty without a bound."""
    runs = runs.assign(energy_nj=prices.energy_nj(runs, energy))
    sides = [runs[runs.method == name] for name in (method, teacher)]
    both = sorted(converged(sides[0]) & converged(sides[1]))
    costs = [side.set_index("seed").energy_nj.loc[both].to_numpy(float) for side in sides]
    low, high = geometric_mean(*costs).interval
    return {"of_teacher_low": low, "of_teacher_high": high} if low > 0 else {}


def _evaluated(
    summary: pd.DataFrame, teachers: Mapping[str, str], condition: str
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Rows under a condition: at the steps trained with, by method; and at all numbers of steps that were tried."""
    own = {row.method: row for row in own_steps(summary, condition).itertuples()}
    return own, steps.by_steps(summary, teachers, condition)


def _first_layers(summary: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """Operations of the first layer with synapses, by method: means over seeds."""
    chosen = layers.merge(own_steps(summary)[["method", "lr"]])
    first = chosen[chosen.dense_macs > 0].groupby(["method", "seed"], as_index=False).first()
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
