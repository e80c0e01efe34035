"""Costs: the energy of an inference by rule and price, and the processor time of a training."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from snn.cli.evidence import reported, table
from snn.cli.sets import Tables
from snn.config import Energy
from snn.energy.prices import pj
from snn.pipeline import record
from snn.report import collected
from snn.report.select import trainings
from snn.report.words import listed

ENERGIES = ("horowitz45_fp32", "horowitz45_int8", "horowitz45_memory")


def energy(found: record.TablesOnRecord) -> Iterator[str]:
    """A line on the energy of an inference over that of the teacher, every rule from the least, under two prices."""
    priced = _energies(found)
    told = [
        f"under {price} {', '.join(f'{one.method} {one.of_teacher:.2f}' for one in own.itertuples())}"
        for price in (ENERGIES[0], ENERGIES[-1])
        if len(own := priced[priced.convention == price].sort_values("of_teacher"))
    ]
    first = priced[priced.convention == ENERGIES[0]]
    near = list(first.method[first.steps_at_equal_accuracy.notna()])
    if told:
        accurate = f" Within a point of its accuracy, on validation data: {listed(near) or 'none'}."
        yield f"* **Energy?** In `{found.name}`, over that of the teacher: {'; '.join(told)}.{accurate}"


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


def training(found: record.TablesOnRecord) -> Iterator[str]:
    """A line on the processor time of a training by method, the shortest first; none without outcomes."""
    medians = sorted((seconds.median(), method) for method, _, seconds in _times(found))
    if medians:
        told = ", ".join(f"{method} {median:.0f}" for median, method in medians)
        yield f"* **Training?** In `{found.name}`, CPU-seconds: {told}; LTL and conversion need those of the ANN, too."


def of_training(found: record.TablesOnRecord) -> str:
    """The processor time of a training by method, in Markdown; empty without outcomes."""
    rows = []
    for method, epochs, seconds in _times(found):
        spread = f"{seconds.median():.0f} ({seconds.min():.0f} to {seconds.max():.0f})"
        rows.append({"set": f"`{found.name}`", "method": method, "epochs": f"{epochs}", "CPU-seconds": spread})
    return table(rows)


def _times(found: record.TablesOnRecord) -> Iterator[tuple[str, int, pd.Series]]:
    """Methods with epochs and the processor times of their trainings; none without outcomes."""
    tables = Tables(found)
    if not tables.has_outcomes:
        return
    costs = collected.read(found.tables / "costs.csv", collected.CostRow)
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
