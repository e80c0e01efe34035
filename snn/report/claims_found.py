"""What sets of tables on record say of a claim of the papers: verdicts, and rows as cells. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from snn.config import Claim, Claims, Ratio
from snn.report.pairs import ROUNDING
from snn.report.sections.claims.page import claimed, found
from snn.report.sections.claims.table import COLUMNS, rows_in_metric
from snn.report.units import from_files
from snn.report.verdicts import NOT_RESOLVED, NOT_TESTED

NO_BOUND = "trainings or steps with which every run reaches the accuracy; more seeds do not help"


class Answers(NamedTuple):
    """The table `claims` of a set of tables on record; `mark` tells that the set is stale, or is empty.

    `flags`: those of its clean networks, by method.
    """

    name: str
    claims: pd.DataFrame
    mark: str = ""
    flags: Mapping[str, str] = MappingProxyType({})


def read(path: Path) -> pd.DataFrame:
    """A table `claims` from its file; columns that it lacks, being older, are empty."""
    rows = pd.read_csv(path).reindex(columns=list(COLUMNS)).astype({"metric": object, "needs": object})
    rows = rows.fillna({"metric": "accuracy", "needs": ""})
    metric = rows.metric.iloc[0] if len(rows) else "accuracy"
    return from_files(rows, COLUMNS, metric, rows_in_metric(rows))


def answered(claims: Claims) -> list[Claim | Ratio]:
    """The claims to which an experiment is assigned."""
    return [*claims.claims, *claims.ratios]


def methods(claim: Claim | Ratio) -> tuple[str, str]:
    """The two methods of a claim."""
    return (claim.more, claim.fewer) if isinstance(claim, Ratio) else (claim.left.method, claim.right.method)


def row(claim: Claim | Ratio, sets: Sequence[Answers]) -> dict[str, Any]:
    """The row of a claim: what the set that answers it found, or why there is nothing."""
    for answers in sets:
        if answers.name == claim.answered_by:
            if rows := list(_found(claim, answers)):
                return rows[0]
            needs = "a report of today's code" if answers.mark else "rows in this set"
            return {
                **_stated(claim, named(answers)),
                "at least": at_least(claim),
                "verdict": NOT_TESTED,
                "needs": needs,
            }
    name, needs = f"`{claim.answered_by}` (not run)", f"`make reproduce EXPERIMENT={claim.answered_by}`"
    return {**_stated(claim, name), "at least": at_least(claim), "verdict": NOT_TESTED, "needs": needs}


def others(claim: Claim | Ratio, sets: Sequence[Answers]) -> Iterator[dict[str, Any]]:
    """What other sets found on a claim, and further rows of the one that answers it."""
    for answers in sorted(sets, key=lambda answers: answers.name):
        rows = list(_found(claim, answers))
        yield from rows[1:] if answers.name == claim.answered_by else rows


def elsewhere(claim: Claim | Ratio, sets: Sequence[Answers]) -> Iterator[tuple[Answers, str]]:
    """The verdicts that `verdict_of` leaves out: of other sets, and of further rows of the one that answers a claim."""
    for answers in sorted(sets, key=lambda answers: answers.name):
        verdicts = tested(claim, answers).verdict[1 if answers.name == claim.answered_by else 0 :]
        yield from ((answers, str(verdict).partition(",")[0]) for verdict in verdicts)


def _found(claim: Claim | Ratio, answers: Answers) -> Iterator[dict[str, Any]]:
    """What a set found on a claim, as cells."""
    rows = tested(claim, answers)
    cells = found(rows)
    for i in range(len(rows)):
        row = {heading: list(cells[heading])[i] for heading in cells}
        if isinstance(claim, Ratio) and str(row["verdict"]).startswith(NOT_RESOLVED) and " to " not in row["interval"]:
            row["needs"] = NO_BOUND
        yield {**_stated(claim, named(answers)), **row, "flags": _flags(claim, answers)}


def _flags(claim: Claim | Ratio, answers: Answers) -> str:
    """The flags of the two methods in a set."""
    return "; ".join(f"{method}: {answers.flags[method]}" for method in methods(claim) if method in answers.flags)


def _stated(claim: Claim | Ratio, name: str) -> dict[str, Any]:
    return {"claim": claim.claim, "source": claim.source, "set": name}


def named(answers: Answers) -> str:
    """A set, and whether it is stale."""
    return f"`{answers.name}`" + (" (stale)" if answers.mark else "")


def tested(claim: Claim | Ratio, answers: Answers) -> pd.DataFrame:
    """The rows of a set on this claim, as it is stated today."""
    rows, stated = answers.claims, claim.margin if isinstance(claim, Claim) else claim.times
    return rows[(rows.claim == claim.claim) & ((rows.at_least - stated).abs() <= ROUNDING)]


def verdict_of(claim: Claim | Ratio, sets: Sequence[Answers]) -> str:
    """The verdict of the set that answers a claim."""
    for answers in sets:
        for verdict in tested(claim, answers).verdict if answers.name == claim.answered_by else ():
            return str(verdict)
    return NOT_TESTED


def at_least(claim: Claim | Ratio) -> str:
    """The margin of a claim, as a cell."""
    if isinstance(claim, Ratio):
        return claimed(claim.times, pd.Series({"of": "ratio"}))
    return claimed(claim.margin, pd.Series({"of": "difference", "metric": claim.metric, "column": claim.column}))
