"""What there is in place of chips that no set of tables has: other levels, and what is first there. No torch."""

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from snn.cli.sets import Tables, on_record
from snn.report.place import NOISE_AWARE, Place
from snn.report.words import listed

NOT_TUNED = "no networks on record were fine-tuned on simulated chips"


def next_to(place: Place, sets: Sequence[Tables], first: Callable[[Tables, Place], str]) -> Iterator[str]:
    """What is first at the levels of a noise below and above one that was not run, and in which sets of tables.

    `first`: the first rule of a set at a place, or "".
    """
    tried = [tables.runs.level[tables.runs.noise == place.noise] for tables in sets if place.noise]
    levels = sorted(set(pd.concat(tried).dropna()) if tried else ())
    below, above = (
        [level for level in levels if level < place.level],
        [level for level in levels if level > place.level],
    )
    for level in (*below[-1:], *above[:1]):
        firsts: dict[str, list[str]] = {}
        for tables in sets:
            if rule := first(tables, place._replace(level=level)):
                firsts.setdefault(rule, []).append(f"{tables.name}, {len(tables.methods)} methods")
        if firsts:
            told = [f"{rule} ({'; '.join(names)})" for rule, names in firsts.items()]
            yield f"first at {level:g} is {listed(told, 'or')}"


def instead(place: Place, sets: Sequence[Tables]) -> str:
    """What to ask for: the levels and steps that were evaluated with this noise, or fine-tuned for at all."""
    if place.noise_aware:
        every = [tables.runs[tables.runs.control == NOISE_AWARE] for tables in on_record(None, None, None)]
        kinds = dict.fromkeys(f"{row.noise} at level {row.level:g}" for rows in every for row in rows.itertuples())
        return f"networks were fine-tuned on simulated chips with {listed(list(kinds))} alone" if kinds else NOT_TUNED
    clean = Place(None, 0.0)
    rows = [
        tables.runs[tables.runs.noise == place.noise] if place.noise else clean.rows(tables.runs) for tables in sets
    ]
    tried = pd.concat(rows) if rows else pd.DataFrame({"level": [], "steps_eval": []})
    if tried.empty:
        return "run an experiment that has it under `hardware`: docs/how-to/own-chip.md"
    levels = ", ".join(f"{level:g}" for level in sorted(set(tried.level.dropna())))
    steps = ", ".join(map(str, sorted(set(tried.steps_eval))))
    return f"choose {f'a level of {levels}, and ' if levels else ''}T of {steps}"
