"""What README's first screen says: which rule to take in which case, the places behind it, and what else is told.

All of it is read from the reports of sets of tables on record. No torch.
"""

import re
from collections.abc import Iterator, Mapping

from snn.cli import conditions
from snn.config import params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import cases, collected, markdown, standings

MISMATCH = ", mismatch at level"
CASES = (  # a case in words, and its places: an experiment and how its rows of answer.md begin
    (
        "Clean networks, own settings of every rule, LTL without norm",
        (("fashion_quick", standings.CLEAN), (DEFAULT_EXPERIMENT, standings.CLEAN)),
    ),
    ("Clean networks, equal settings, batch norm in all", (("matched_norm", standings.CLEAN),)),
    (
        "Clean networks, equal settings, batch norm in the teacher alone",
        (("matched_fashion", standings.CLEAN), ("matched", standings.CLEAN)),
    ),
    (
        "Chips with mismatch, calibrated; own settings of every rule, LTL without norm",
        ((DEFAULT_EXPERIMENT, standings.CALIBRATED + MISMATCH),),
    ),
    ("The same chips as manufactured", ((DEFAULT_EXPERIMENT, standings.MANUFACTURED + MISMATCH),)),
)
TOLD = (  # what is told below that, from which experiment, under which heading of answer.md
    ("On chips", DEFAULT_EXPERIMENT, r"Chips[^.*]*"),
    ("Energy", DEFAULT_EXPERIMENT, "Energy"),
    ("Energy", "fashion_quick", "Energy"),
)


def experiments() -> list[str]:
    """The experiments whose tables are shown."""
    return [*(name for _, places in CASES for name, _ in places), *(name for _, name, _ in TOLD)]


def answers(shown: Mapping[str, record.TablesOnRecord]) -> str:
    """The text in Markdown, from tables by experiment; stale ones are marked."""
    every = [at for places in _places(shown).values() for at in places]
    parts = [
        "\n".join(f"* {line}" for line in taken(shown)),
        standings.table([_marked(*at) for at in every]),
        markdown.table(_sets({one.name: one for one, _ in every})),
        "\n".join(_told(shown)),
    ]
    return "\n\n".join(parts) + "\n"


def taken(shown: Mapping[str, record.TablesOnRecord]) -> list[str]:
    """A sentence per case: which rule to take. Of cases without a report here, none."""
    found = _places(shown)
    return [cases.advice(case, [_evidence(*at) for at in places]) for case, places in found.items() if places]


def _places(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, list[tuple[record.TablesOnRecord, standings.Row]]]:
    """The places of every case, each with its set of tables."""
    return {
        case: [(shown[name], row) for name, where in places for row in standings.read(_page(shown[name]), where)]
        for case, places in CASES
    }


def _marked(found: record.TablesOnRecord, row: standings.Row) -> standings.Row:
    """The row of a place, with its set, and a mark if that is stale."""
    return row._replace(where=f"`{found.name}`, {row.where} {found.mark.strip()}".rstrip())


def _evidence(found: record.TablesOnRecord, row: standings.Row) -> cases.Evidence:
    """What is first at a place, which is named by the level of its chips, or by its set if networks are clean."""
    _, at, level = row.where.partition(" at ")
    return cases.Evidence(f"at {level}" if at else f"in `{found.name}`", row)


def _sets(shown: Mapping[str, record.TablesOnRecord]) -> dict[str, list[str]]:
    """What sets of tables are about, by the headings of a table."""
    about = [_page(found).split("\n\n")[1].rstrip(".").split(", ") for found in shown.values()]
    summaries = [collected.read(found.report / "summary.csv") for found in shown.values()]
    spiking = [summary[summary.acs > 0] for summary in summaries]
    return {
        "set": [f"`{name}`" for name in shown],
        "conditions": [conditions.described(params.load("experiments", name)) for name in shown],
        "data": [data for data, *_ in about],
        "network": [network for _, network, *_ in about],
        "epochs": [f"{rows.epochs.max()}" for rows in spiking],
        "seeds": [f"{rows.n.max()}" for rows in spiking],
        "test samples": [samples.removesuffix(" test samples") for *_, samples in about],
    }


def _told(shown: Mapping[str, record.TablesOnRecord]) -> Iterator[str]:
    """What else is told, a line each."""
    for title, experiment, heading in TOLD:
        if text := re.search(rf"^\*\*{heading}\.\*\* (.*)$", _page(shown[experiment]), re.MULTILINE):
            yield f"* **{title}** (`{experiment}`): {text[1]}{shown[experiment].mark.rstrip()}"


def _page(found: record.TablesOnRecord) -> str:
    """The page with the answer of a set of tables; empty if it has no report."""
    page = found.report / "answer.md"
    return page.read_text() if page.exists() else ""
