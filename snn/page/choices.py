"""The answer for every kind of chips that an experiment has: what the command recommend prints, as data. No torch.

A place is a noise model, a level, a number of steps, and whether chips are calibrated. Of each there are the rows of
its ranking as the terminal shows them, but for the energy, which is there under every convention.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from snn.page.behind import Behind
from snn.page.digits import exact
from snn.report.inputs import Inputs
from snn.report.recommend import SHOWN_COLUMNS, Place, answer, beside, cells, priced, ranked

ENERGY = "energy nJ"


def choices(inputs: Inputs, behind: Behind) -> dict[str, Any]:
    """Places with their rankings. `words`: sentences that places name by their index, one per convention; `first`: what
    is chosen when the page opens.

    A row has the cells in the order of `heads`, those under every convention in place of the energy, and the group of
    runs behind it. `means`, `seeds`: of rows; `needs`: their energies, by convention. `beside`: of rows that
    are the first within some bound on energy, by rank, the difference and verdict of them and of all later rows.
    """
    metric = inputs.metric
    words: dict[str, int] = {}
    found = []
    for place, runs in _places(inputs.collected["runs"]):
        table = ranked(runs, inputs.outcomes, place)
        if table.empty:
            continue
        by_energy = [priced(table, energy) for energy in inputs.energies.values()]
        shown = [cells(own) for own in by_energy]
        rows = [
            [
                *({**row, ENERGY: [own[i][ENERGY] for own in shown]}[head] for head in SHOWN_COLUMNS),
                *_behind(behind, place, table.iloc[i]),
            ]
            for i, row in enumerate(shown[0])
        ]
        told = [words.setdefault(answer(own), len(words)) for own in by_energy]
        found.append(
            {
                **place._asdict(),
                "command": place.arguments,
                "answer": told,
                "rows": rows,
                "means": [exact(value) for value in table.value_test],
                "needs": [[exact(value) for value in own.energy_nj] for own in by_energy],
                "seeds": [int(n) for n in table.n],
                "beside": {
                    first: [[metric.difference(behind), verdict] for behind, verdict in own]
                    for first, own in beside(runs, inputs.outcomes, place, _firsts(by_energy)).items()
                },
            }
        )
    first = {"noise": next(iter(inputs.noises), None), "steps": inputs.experiment.steps, "calibrated": True}
    heads = list(SHOWN_COLUMNS)
    return {"heads": heads, "places": found, "words": list(words), "first": first, "better": metric.better}


def _firsts(by_energy: Sequence[pd.DataFrame]) -> list[int]:
    """The ranks of rows that need less energy than all better ones, under some convention."""
    needs = [table.energy_nj.tolist() for table in by_energy]
    return [i for i in range(len(needs[0])) if any(need[i] < min(need[:i], default=math.inf) for need in needs)]


def _places(runs: pd.DataFrame) -> Iterator[tuple[Place, pd.DataFrame]]:
    """Every kind of chips, clean networks first, with the rows of runs.csv among which its own are."""
    runs = runs[runs.control.isna()]
    for steps, own in runs[runs.condition == "clean"].groupby("steps_eval"):
        yield Place(None, 0.0, int(steps)), own
    chips = runs[runs.condition.isin(["noisy", "calibrated"]) & (runs.level > 0)]
    for (noise, level, steps, condition), own in chips.groupby(["noise", "level", "steps_eval", "condition"]):
        yield Place(noise, float(level), int(steps), condition == "calibrated"), own


def _behind(behind: Behind, place: Place, row: pd.Series) -> list[int]:
    """The group of runs of a row."""
    if place.noise is None:
        return behind.of(row.method, condition="clean", steps_eval=place.steps)
    chip = {"condition": "calibrated" if place.calibrated else "noisy", "noise": place.noise, "level": place.level}
    treatment = {name: row[name] or None for name in ("calibrator", "targets")}
    return behind.of(row.method, steps_eval=place.steps, **chip, **treatment)
