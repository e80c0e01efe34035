"""Costs: the energy of an inference by rule and price, and the processor time of a training."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from snn.cli.evidence import reported
from snn.cli.sets import Tables
from snn.config import Energy
from snn.energy.prices import pj
from snn.pipeline import record
from snn.report import collected
from snn.report.by_row import table
from snn.report.select import trainings

ENERGIES = ("horowitz45_fp32", "horowitz45_int8", "horowitz45_memory")
IN_WORDS = {"horowitz45_fp32": "arithmetic", "horowitz45_memory": "with memory"}
SUMMARY = ("condition", "steps", "steps_eval", "method", "acs", "value_test_mean", "value_test_ci95")


def by_rule(found: record.TablesOnRecord) -> str:
    """Accuracy, energy of an inference over that of the teacher, and processor time of a training, in Markdown.

    A row per method, the most accurate first, ANNs among them. Empty without a report.
    """
    ratios = _energies(found).set_index(["method", "convention"]).of_teacher
    seconds = {method: f"{times.median():.0f}" for method, _, times in _times(Tables(found))}
    means = reported(found, "summary.csv", SUMMARY)
    own = means[(means.condition == "clean") & (means.steps_eval == means.steps)]
    return table(
        [
            {
                "rule": one.method,
                "T": f"{one.steps:g}" if one.acs else "",
                "test accuracy, %": f"{one.value_test_mean:.1f} ± {one.value_test_ci95:.1f}",
                **{f"energy, {words}": _ratio(one, ratios, price) for price, words in IN_WORDS.items()},
                "CPU-seconds of a training": seconds.get(one.method, "none"),
            }
            for one in own.sort_values("value_test_mean", ascending=False).itertuples()
        ]
    )


def _ratio(one: Any, ratios: pd.Series, price: str) -> str:
    """The energy of a method over that of the teacher, 1 for ANNs, which have no row of their own."""
    return f"{ratios[one.method, price]:.2f}" if one.acs else "1"


def prices(every: Mapping[str, Energy]) -> str:
    """What an operation costs by energy table, accesses to memory included, in Markdown."""
    return table(
        [
            {
                "energy table": f"`{name}`",
                "MAC, pJ": f"{pj(one, 'mac'):g}",
                "AC, pJ": f"{pj(one, 'ac'):g}",
                "neuron update, pJ": f"{pj(one, 'neuron_update'):g}",
                "first layer": one.first_layer.replace("_", " "),
                "what": one.convention,
            }
            for name, one in every.items()
        ]
    )


def energies(shown: Iterable[record.TablesOnRecord]) -> str:
    """The energy of an inference over that of the teacher by rule and price, with its interval, in Markdown."""
    rows: list[dict[str, str]] = []
    for found in shown:
        for method, prices in _energies(found).groupby("method", sort=False):
            one = prices.iloc[0]
            work = {
                "T": f"{one.steps:g}",
                "spikes per neuron": f"{one.spikes_per_neuron:.2f}",
                f"nJ, {ENERGIES[0]}": f"{one.energy_nj:,.0f}",
            }
            rows.append({"set": f"`{found.name}`", "rule": str(method), **work, **_of_teacher(prices)})
    return table(rows)


def of_training(tables: Tables) -> str:
    """The processor time of a training by method, in Markdown; empty without outcomes."""
    rows = []
    for method, epochs, seconds in _times(tables):
        spread = f"{seconds.median():.0f} ({seconds.min():.0f} to {seconds.max():.0f})"
        rows.append({"set": f"`{tables.name}`", "method": method, "epochs": f"{epochs}", "CPU-seconds": spread})
    return table(rows)


def _times(tables: Tables) -> Iterator[tuple[str, int, pd.Series]]:
    """Methods with epochs and the processor times of their trainings; none without outcomes."""
    if not tables.has_outcomes:
        return
    costs = collected.read(tables.found.tables / "costs.csv", collected.CostRow)
    for method, own in tables.runs[tables.runs.epochs > 0].groupby("method", sort=False):
        yield str(method), int(own.epochs.max()), trainings(costs, set(own.digest)).cpu_seconds


def _energies(found: record.TablesOnRecord) -> pd.DataFrame:
    """The rows of energy.csv under the prices that are shown; none without a report."""
    own = reported(found, "energy.csv", ("method", "convention", "of_teacher", "steps_at_equal_accuracy"))
    return own[own.convention.isin(ENERGIES)]


def _of_teacher(prices: pd.DataFrame) -> dict[str, str]:
    """The ratios of a rule by price, and at which T it comes within a point of the teacher."""
    ratios = {
        str(one.convention): f"{one.of_teacher:.2f} ({one.of_teacher_low:.2f} to {one.of_teacher_high:.2f})"
        for one in prices.itertuples()
    }
    steps = prices.set_index("convention").steps_at_equal_accuracy[ENERGIES[0]]
    return {**ratios, "within a point of the teacher": "never" if pd.isna(steps) else f"T = {steps:g}"}
