"""The candidates for every kind of chips of an experiment, from which the page answers as recommend does. No torch.

The browser chooses within bounds and orders; it does no statistics. All texts, and all differences that some bound
makes it show, are here.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from snn.page.behind import Behind
from snn.page.digits import exact
from snn.report.candidates import FIRST, Candidates
from snn.report.inputs import Inputs
from snn.report.place import Place
from snn.report.recommend import SHOWN_COLUMNS, Bounds, apart, cells, compared, firsts, priced
from snn.report.verdicts import margin

ENERGY, BEHIND = "energy nJ", "behind"
EIGHT_BITS = "{} prices 8-bit integers; accuracies are those of 32-bit floats, but for what a chip quantises."


def choices(inputs: Inputs, behind: Behind) -> dict[str, Any]:
    """Kinds of chips, `places`, with their candidates. `chips`: what noise models are; `prices`: notes on conventions;
    `first`: what is chosen when the page opens; `better`: higher or lower; `margin`: within which means are near, in
    the unit of `means`; None for a metric without one.

    A row has the cells in the order of `heads`, those under every convention in place of the energy, nothing in place
    of difference and verdict, and the group of runs behind it. `steps`, `means`, `seeds`: of rows; `needs`: their
    energies, by convention. `beside`: of every candidate that is first within some bounds, the difference and verdict
    of all rows, the latter by its index in `verdicts`.
    """
    verdicts: dict[str, int] = {}
    places = [
        {
            "noise": place.noise,
            "level": place.level,
            "calibrated": place.calibrated,
            "command": place.arguments,
            **_candidates(inputs, behind, place, found, verdicts),
        }
        for place in _places(inputs.collected["runs"])
        if len((found := Candidates(inputs.collected["runs"], inputs.outcomes, place)).table)
    ]
    return {
        "heads": list(SHOWN_COLUMNS),
        "places": places,
        "verdicts": list(verdicts),
        "chips": chips(inputs),
        "prices": {name: EIGHT_BITS.format(name) for name, one in inputs.energies.items() if one.precision == "int8"},
        "first": {"noise": next(iter(inputs.noises), None), "calibrated": True},
        "better": inputs.metric.better,
        "margin": margin(inputs.metric_name),
    }


def chips(inputs: Inputs) -> dict[str, str]:
    """What the chips of an experiment are, by noise model."""
    found = {}
    for part in inputs.experiment.hardware:
        noise = inputs.noises[part.noise]
        tried = ", ".join(f"{level:g}" for level in part.levels or noise.levels)
        found[part.noise] = (
            f"{noise.source.rstrip('.')}. Level: {noise.level}; tried: {tried}. {part.chips} chips per seed."
        )
    return found


def _candidates(
    inputs: Inputs, behind: Behind, place: Place, found: Candidates, verdicts: dict[str, int]
) -> dict[str, Any]:
    """What the page has of a place."""
    energies, every = list(inputs.energies.values()), range(len(found.table))
    priced_by = [priced(found.table, energy) for energy in energies]
    told = compared(found, found.table, None)
    shown = [cells(told.assign(energy_nj=own.energy_nj)) for own in priced_by]
    rows = [
        [
            *({**row, ENERGY: [own[i][ENERGY] for own in shown], BEHIND: ""}[head] for head in SHOWN_COLUMNS),
            *_behind(behind, place, found.table.iloc[i]),
        ]
        for i, row in enumerate(shown[0])
    ]
    return {
        "rows": rows,
        "steps": [int(steps) for steps in found.table.steps_eval],
        "means": [exact(value) for value in found.table.value_test],
        "needs": [[exact(value) for value in own.energy_nj] for own in priced_by],
        "seeds": [int(n) for n in found.table.n],
        "beside": {
            first: [_beside(inputs, found, i, first, verdicts) for i in every]
            for first in sorted(firsts(found, energies, _bounds(found.table)))
        },
    }


def _beside(inputs: Inputs, found: Candidates, i: int, first: int, verdicts: dict[str, int]) -> list[Any]:
    """The difference to the first one, as it is shown, and the index of the verdict."""
    behind, low, high, verdict = found.beside(i, first)
    text = "-" if verdict == FIRST else apart(inputs.metric, behind, low, high)
    return [text, verdicts.setdefault(verdict, len(verdicts))]


def _bounds(table: pd.DataFrame) -> list[Bounds]:
    """All bounds on steps that the page offers."""
    known = sorted(map(int, set(table.steps_eval)))
    return [Bounds(steps, most) for t in known for steps, most in (((), t), ((t,), math.inf))]


def _places(runs: pd.DataFrame) -> Iterator[Place]:
    """Every kind of chips, clean networks first."""
    yield Place(None, 0.0)
    chips = runs[runs.control.isna() & runs.condition.isin(["noisy", "calibrated"]) & (runs.level > 0)]
    for noise, level, condition in sorted(set(zip(chips.noise, chips.level, chips.condition, strict=True))):
        yield Place(noise, float(level), calibrated=condition == "calibrated")


def _behind(behind: Behind, place: Place, row: pd.Series) -> list[int]:
    """The group of runs of a row."""
    steps = int(row.steps_eval)
    if place.noise is None:
        return behind.of(row.method, condition="clean", steps_eval=steps)
    chip = {"condition": "calibrated" if place.calibrated else "noisy", "noise": place.noise, "level": place.level}
    treatment = {name: row[name] or None for name in ("calibrator", "targets")}
    return behind.of(row.method, steps_eval=steps, **chip, **treatment)
