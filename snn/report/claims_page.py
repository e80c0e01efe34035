"""docs/results/claims.md: every claim of the papers, and what the tables on record say of it. No torch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from snn.config import Claim, Claims, Ratio
from snn.report.markdown import table
from snn.report.pairs import ROUNDING
from snn.report.sections.claims.page import claimed, found
from snn.report.sections.claims.table import COLUMNS, rows_in_metric
from snn.report.units import from_files
from snn.report.verdicts import NOT_RESOLVED, NOT_TESTED, OF_CLAIMS, of_claims

INTRODUCTION = """\
# Claims of the papers

Written by `python -m snn claims` from `params/claims.yaml` and `results/report/*/claims.csv`, do not edit.

{counts}

A claim counts once, by the one experiment that was assigned to it, and has one row in the first two tables. Other sets
of tables that run the same methods are below, and do not count. The page of an experiment counts all claims about its
methods on its own data, so that it has other numbers. Margins and experiments were fixed in commit af95a63, before
any of these was run, but for five of the twelve seeds of `claims_fashion`, which were known as `fashion_quick`; no
other set was given more seeds after it was seen. Later the learning rates of `matched` went up a step (84bf4ab), after
tables of `matched`, but before `matched_fashion` and `claims_temporal`, which have these rates, too. In 4f3784e a claim
was put into other words, and steps in `claims_flat` were doubled before it was run: on `digits` those of 0.2 cost a
point only, so that the claim is decided at 0.4. TET and SDT are compared under equal settings, most others each under
its own. `synop_77fj` is no fair comparison (`docs/energy.md`): its two claims stand as they were fixed.

A verdict is one on the conditions of its experiment, in the table of sets below: small networks, short trainings.
*Fails* is said of these, not of the networks of the paper. Verdicts
are read off one interval per pair, for new seeds and new test samples (`docs/statistics.md`); it is corrected for the
pairs that its experiment names beforehand, if the pair is one of these, and never for the number of claims or of
experiments. A claim that one side is better is not resolved, too, where both are equivalent. *found* and *interval*
favour the claim where they are positive, whichever way is better: accuracies in points, squared errors as they are,
energies in nJ. *needs*: what would resolve it in 80 % of repetitions, or why nothing tests it and what would; *more
test samples*: than the data set has, so that no number of seeds does. Ratios have no interval where a run never
reaches the accuracy: then there is a bound, or nothing, and more seeds do not help. A claim about chips takes the
highest level of a noise that an experiment has: 0.2 in `claims_calibration`, which decides on calibration, 0.4 or 0.6
in other sets, where more is lost. Sets that agree with the one that counts are not named in the lines on top."""
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


def counts(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many claims hold, each by the set that answers it, in a sentence."""
    verdicts = [_verdict(claim, sets) for claim in _answered(claims)]
    waiting = sum(verdict.startswith(NOT_TESTED) for verdict in verdicts)
    verdicts += [NOT_TESTED] * len(claims.untested)
    assigned = "each by the verdict of the one experiment that was assigned to it"
    left = f" Of those not tested {waiting} wait for a run; {len(claims.untested)} have no experiment."
    ways = len(verdicts) - len({_about(claim) for claim in _answered(claims)}) - len(claims.untested)
    alike = f" {ways} of them repeat another one at another price of energy." if ways else ""
    return f"Of {len(verdicts)} claims, {assigned}, {of_claims(verdicts, '**')}.{alike}{left}{_stale(claims, sets)}"


def statements(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many statements hold and so on, each by the set that answers it, in a sentence.

    Claims that differ only in what follows a colon are one statement, which counts once for each verdict that it has.
    """
    every = [(_about(claim), _verdict(claim, sets).partition(",")[0]) for claim in _answered(claims)]
    every = [*dict.fromkeys(every), *((claim.claim, NOT_TESTED) for claim in claims.untested)]
    counted = of_claims([verdict for _, verdict in every], "**")
    return f"Of {len(every)} statements, {counted}.{_stale(claims, sets)}"


def _stale(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many claims have their verdict from a stale set, in a sentence; empty without one."""
    marked = [answers for answers in sets if answers.mark]
    old = sum(not _verdict(claim, marked).startswith(NOT_TESTED) for claim in _answered(claims))
    return f" Of these verdicts from stale sets: {old}." if old else ""


def decided(claims: Claims, sets: Sequence[Answers]) -> list[str]:
    """The claims that hold and those that fail, a line each kind, with the sets that say the contrary.

    Claims that differ only in what follows a colon, as the prices of energy, are one statement, tested in many ways.
    """
    statements: dict[str, list[Claim | Ratio]] = {}
    for claim in _answered(claims):
        statements.setdefault(_about(claim), []).append(claim)
    lines = []
    for verdict in OF_CLAIMS[:2]:
        found = {
            statement: [claim for claim in ways if _verdict(claim, sets).startswith(verdict)]
            for statement, ways in statements.items()
        }
        told = [_statement(text, own, len(statements[text]), verdict, sets) for text, own in found.items() if own]
        if told:
            number = f"{len(told)} statement{'s' if told[1:] else ''}"
            lines.append(f"* *{verdict.capitalize()}* ({number}): {'; '.join(told)}.")
    return lines


def _answered(claims: Claims) -> list[Claim | Ratio]:
    """The claims to which an experiment is assigned."""
    return [*claims.claims, *claims.ratios]


def _about(claim: Claim | Ratio) -> str:
    """The statement that a claim makes, without what follows a colon."""
    return claim.claim.partition(": ")[0]


def _statement(text: str, own: Sequence[Claim | Ratio], ways: int, verdict: str, sets: Sequence[Answers]) -> str:
    """A statement: in how many of its ways it has a verdict, by which set, and what other sets say."""
    contrary = next(kind for kind in OF_CLAIMS[:2] if kind != verdict)
    others = Counter((_named(answers), verdict) for claim in own for answers, verdict in _elsewhere(claim, sets))
    told = [f"in {len(own)} of {ways} ways" if ways > 1 else _effect(own[0], sets)]
    told += dict.fromkeys(f"`{claim.answered_by}`" for claim in own)
    for (name, kind), times in others.items():
        if kind == contrary:
            told.append(f"{contrary} in {name}" + (f" in {times} of them" if ways > 1 else ""))
    if neither := len({name for name, kind in others if kind == NOT_RESOLVED}):
        told.append(f"neither holds nor fails in {neither} other set{'s' if neither > 1 else ''}")
    return f"{text if ways > 1 else own[0].claim} ({'; '.join(told)})"


def _effect(claim: Claim | Ratio, sets: Sequence[Answers]) -> str:
    """What the set that answers a claim found, with its interval."""
    row = _row(claim, sets)
    told = ", ".join(filter(None, (row["found"], row["interval"])))
    return f"{told} nJ" if isinstance(claim, Claim) and claim.column == "energy_nj" else told


def _methods(claim: Claim | Ratio) -> tuple[str, str]:
    """The two methods of a claim."""
    return (claim.more, claim.fewer) if isinstance(claim, Ratio) else (claim.left.method, claim.right.method)


def page(claims: Claims, sets: Sequence[Answers], about: str = "") -> str:
    """The page: how many claims hold, those with a verdict, those without, what other sets say, reasons for margins.

    `about`: a table in Markdown of what the sets that answer are about.
    """
    every = _answered(claims)
    untested = [
        {"claim": claim.claim, "source": claim.source, "verdict": NOT_TESTED, "needs": _reason(claim)}
        for claim in claims.untested
    ]
    introduction = INTRODUCTION.format(counts="\n".join([counts(claims, sets), *decided(claims, sets)]))
    rows = [*(_row(claim, sets) for claim in every), *untested]
    tested = [row for row in rows if not row["verdict"].startswith(NOT_TESTED)]
    parts = [introduction, *(["## Tested", _table(tested)] if tested else [])]
    if about:
        parts += ["### The sets that answer", about]
    if left := [row for row in rows if row not in tested]:
        parts += ["## Not tested", _table(left)]
    if others := [row for claim in every for row in _others(claim, sets)]:
        parts += ["## The same claims in other sets", _table(others)]
    if stale := [f"`{answers.name}`: {answers.mark.strip()}" for answers in sets if answers.mark]:
        parts += ["## Stale sets", _left_out(every, sets), *stale]
    margins = {
        "claim": [claim.claim for claim in every],
        "at least": [_at_least(claim) for claim in every],
        "because": [claim.why for claim in every],
        "answered by": [f"`{claim.answered_by}`" for claim in every],
    }
    return "\n\n".join([*parts, "## Margins", table(margins)]) + "\n"


def _row(claim: Claim | Ratio, sets: Sequence[Answers]) -> dict[str, Any]:
    """The row of a claim: what the set that answers it found, or why there is nothing."""
    for answers in sets:
        if answers.name == claim.answered_by:
            if rows := list(_found(claim, answers)):
                return rows[0]
            needs = "a report of today's code" if answers.mark else "rows in this set"
            return {
                **_stated(claim, _named(answers)),
                "at least": _at_least(claim),
                "verdict": NOT_TESTED,
                "needs": needs,
            }
    name, needs = f"`{claim.answered_by}` (not run)", f"`make reproduce EXPERIMENT={claim.answered_by}`"
    return {**_stated(claim, name), "at least": _at_least(claim), "verdict": NOT_TESTED, "needs": needs}


def _others(claim: Claim | Ratio, sets: Sequence[Answers]) -> Iterator[dict[str, Any]]:
    """What other sets found on a claim, and further rows of the one that answers it."""
    for answers in sorted(sets, key=lambda answers: answers.name):
        rows = list(_found(claim, answers))
        yield from rows[1:] if answers.name == claim.answered_by else rows


def _elsewhere(claim: Claim | Ratio, sets: Sequence[Answers]) -> Iterator[tuple[Answers, str]]:
    """The verdicts that are no `_verdict`: of other sets, and of further rows of the one that answers a claim."""
    for answers in sorted(sets, key=lambda answers: answers.name):
        verdicts = _tested(claim, answers).verdict[1 if answers.name == claim.answered_by else 0 :]
        yield from ((answers, str(verdict).partition(",")[0]) for verdict in verdicts)


def _found(claim: Claim | Ratio, answers: Answers) -> Iterator[dict[str, Any]]:
    """What a set found on a claim, as cells."""
    tested = _tested(claim, answers)
    cells = found(tested)
    for i in range(len(tested)):
        row = {heading: list(cells[heading])[i] for heading in cells}
        if isinstance(claim, Ratio) and str(row["verdict"]).startswith(NOT_RESOLVED) and " to " not in row["interval"]:
            row["needs"] = NO_BOUND
        yield {**_stated(claim, _named(answers)), **row, "flags": _flags(claim, answers)}


def _flags(claim: Claim | Ratio, answers: Answers) -> str:
    """The flags of the two methods in a set."""
    return "; ".join(f"{method}: {answers.flags[method]}" for method in _methods(claim) if method in answers.flags)


def _stated(claim: Claim | Ratio, name: str) -> dict[str, Any]:
    return {"claim": claim.claim, "source": claim.source, "set": name}


def _named(answers: Answers) -> str:
    return f"`{answers.name}`" + (" (stale)" if answers.mark else "")


def _tested(claim: Claim | Ratio, answers: Answers) -> pd.DataFrame:
    """The rows of a set on this claim, as it is stated today."""
    rows, stated = answers.claims, claim.margin if isinstance(claim, Claim) else claim.times
    return rows[(rows.claim == claim.claim) & ((rows.at_least - stated).abs() <= ROUNDING)]


def _verdict(claim: Claim | Ratio, sets: Sequence[Answers]) -> str:
    """The verdict of the set that answers a claim."""
    for answers in sets:
        for verdict in _tested(claim, answers).verdict if answers.name == claim.answered_by else ():
            return str(verdict)
    return NOT_TESTED


def _at_least(claim: Claim | Ratio) -> str:
    if isinstance(claim, Ratio):
        return claimed(claim.times, pd.Series({"of": "ratio"}))
    return claimed(claim.margin, pd.Series({"of": "difference", "metric": claim.metric, "column": claim.column}))


def _reason(claim: Any) -> str:
    return f"{claim.reason}; what would: {claim.resolved_by}"


def _left_out(decided: Sequence[Claim | Ratio], sets: Sequence[Answers]) -> str:
    shown = sum(len(_tested(claim, answers)) for claim in decided for answers in sets)
    left = sum(len(answers.claims) for answers in sets) - shown
    text = "Their numbers stand above as they are on record, with the statistics of their time."
    return f"{text} {left} of their rows are about claims in other words or with other margins, and are left out."


def _table(rows: Sequence[dict[str, Any]]) -> str:
    headings = ("claim", "source", "set", "at least", "found", "interval", "n", "verdict", "needs")
    flags = ("flags",) if any(row.get("flags") for row in rows) else ()
    return table({heading: [row.get(heading, "") for row in rows] for heading in (*headings, *flags)})
