"""energy.md: energy of an inference under every convention, and how the result depends on the convention."""

import pandas as pd

from snn.config import Energy
from snn.energy.prices import pj
from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import Metric


def page(inputs: Inputs) -> str:
    """A line per convention, a table of ratios with all conventions in columns, then a detailed table of each."""
    title, rows, energies = f"# Energy in {inputs.name}", inputs.table("energy"), inputs.energies
    if rows.empty:
        return f"{title}\n\nThis experiment has no spiking network.\n"
    names = list(dict.fromkeys(rows.convention))
    lines = [f"* **{name}**: {energies[name].convention}; {_prices(energies[name])}." for name in names]
    parts = [
        title,
        "Energy of one inference, averaged over test samples and seeds. Counts are exact. Prices are a convention, and"
        " the choice of the convention matters more than the rule:",
        "\n".join(lines),
        "Sources: `params/energy`. No convention includes routing, leakage or conversion of signals.",
        "## The verdict under each",
        "Energy over that of the teacher ANN under the same convention, at the steps trained with. In brackets: at"
        " equal accuracy, the cheapest of the tried steps that come within a point of the teacher on validation data"
        " (*never*: none does). Below 1 the spiking network takes less; *: its 95 % interval for new seeds holds 1.",
        table(_verdicts(rows, names)),
    ]
    for name in names:
        parts += [f"## {name}", table(_detail(rows[rows.convention == name], inputs.metric))]
    return "\n\n".join(parts) + "\n"


def _prices(energy: Energy) -> str:
    first = "once" if energy.first_layer == "once" else "at every step"
    costs = f"MAC {pj(energy, 'mac'):g}, AC {pj(energy, 'ac'):g}, neuron update {pj(energy, 'neuron_update'):g} pJ"
    return f"{costs}, first layer {first}"


def _verdicts(rows: pd.DataFrame, names: list[str]) -> dict[str, list[str]]:
    methods = list(dict.fromkeys(rows.method))
    columns: dict[str, list[str]] = {"method": methods}
    for name in names:
        own = rows[rows.convention == name].set_index("method").loc[methods]
        columns[name] = [
            f"{row.of_teacher:.2f}{'*' if row.of_teacher_low <= 1 <= row.of_teacher_high else ''}"
            f" ({_or_never(row.of_teacher_at_equal_accuracy)})"
            for row in own.itertuples()
        ]
    return columns


def _detail(rows: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    return {
        "method": rows.method,
        "energy nJ": [f"{value:,.1f}" for value in rows.energy_nj],
        "first layer": [f"{value:.0%}" for value in rows.share_first_layer],
        "MACs": [f"{value:.0%}" for value in rows.share_macs],
        "ACs": [f"{value:.0%}" for value in rows.share_acs],
        "neurons": [f"{value:.0%}" for value in rows.share_neuron_updates],
        "of teacher": [f"{value:.2f}" for value in rows.of_teacher],
        "zeros skipped": [f"{value:.2f}" for value in rows.of_teacher_skipping_zeros],
        "int8 teacher": ["" if pd.isna(value) else f"{value:.2f}" for value in rows.of_teacher_int8],
        "same layers": [f"{value:.2f}" for value in rows.of_same_layers],
        "spikes per neuron": [f"{value:.2f}" for value in rows.spikes_per_neuron],
        "break-even": [_or_never(value) for value in rows.break_even_spikes_per_neuron],
        "equal accuracy": [
            "never"
            if pd.isna(row.nj_at_equal_accuracy)
            else f"T {row.steps_at_equal_accuracy:.0f}: {row.nj_at_equal_accuracy:,.1f} nJ"
            for row in rows.itertuples()
        ],
        "equal energy": [
            "never"
            if pd.isna(row.value_test_at_equal_energy)
            else f"T {row.steps_at_equal_energy:.0f}: {metric.value(row.value_test_at_equal_energy)}"
            f" of {metric.value(row.value_test_of_teacher)}"
            for row in rows.itertuples()
        ],
    }


def _or_never(value: float) -> str:
    return "never" if pd.isna(value) else f"{value:.2f}"
