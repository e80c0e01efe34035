"""docs/results/claims.md: every claim of the papers, and what the tables on record say of it. No torch."""

from collections.abc import Sequence
from typing import Any

from snn.config import Claim, Claims, Ratio
from snn.report import claims_found, statements
from snn.report.claims_found import Answers
from snn.report.markdown import table
from snn.report.verdicts import NOT_TESTED, of_claims

INTRODUCTION = """\
# Claims of the papers

Written by `python -m snn claims` from `params/claims.yaml` and `results/report/*/claims.csv`, do not edit.

{short}

A statement is what claims say before a colon: those that differ behind it, as by the price of energy, are its *ways*.
*at least*, *found* and *interval* as below, in the unit that *found* has. *Other sets*: those that say something else.

A claim counts once, by the one experiment that was assigned to it, and has one row in the first two tables. Other sets
of tables that run the same methods are below, and do not count. The page of an experiment counts all claims about its
methods on its own data, so that it has other numbers. Margins and experiments were fixed in commit af95a63, before any
of these was run, but for five of the twelve seeds of `claims_fashion`, which were known as `fashion_quick`; no other
set was given more seeds after it was seen. Later the learning rates of `matched` went up a step (84bf4ab), after tables
of `matched`, but before `matched_fashion` and `claims_temporal`, which have these rates, too. In 4f3784e a claim was
put into other words, and steps in `claims_flat` were doubled before it was run: on `digits` those of 0.2 cost a point
only, so that the claim is decided at 0.4. TET and SDT are compared under equal settings, most others each under its
own; `claims_flat` moves the networks of `matched_fashion`, so that these two do not confirm each other. `synop_77fj` is
no fair comparison (`docs/energy.md`): its two claims stand as they were fixed.

A verdict is one on the conditions of its experiment, in the table of sets below: small networks, short trainings.
*Fails* is said of these, not of the networks of the paper. Verdicts are read off one interval per pair, for new seeds
and new test samples (`docs/statistics.md`); it is corrected for the pairs that its experiment names beforehand, if the
pair is one of these, and never for the number of claims or of experiments. A claim that one side is better is not
resolved, too, where both are equivalent. *found* and *interval* favour the claim where they are positive, whichever way
is better: accuracies in points, squared errors as they are, energies in nJ. *needs*: what would resolve it in 80 % of
repetitions, or why nothing tests it and what would; *more test samples*: than the data set has, so that no number of
seeds does. Ratios have no interval where a run never reaches the accuracy: then there is a bound, or nothing, and more
seeds do not help. A claim about chips takes the highest level of a noise that an experiment has: 0.2 in
`claims_calibration`, which decides on calibration, 0.4 or 0.6 in other sets, where more is lost."""


def counts(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many claims hold, each by the set that answers it, in a sentence."""
    every = claims_found.answered(claims)
    verdicts = [claims_found.verdict_of(claim, sets) for claim in every]
    waiting = sum(verdict.startswith(NOT_TESTED) for verdict in verdicts)
    verdicts += [NOT_TESTED] * len(claims.untested)
    assigned = "each by the verdict of the one experiment that was assigned to it"
    left = f" Of those not tested {waiting} wait for a run; {len(claims.untested)} have no experiment."
    ways = len(every) - len({statements.about(claim) for claim in every})
    alike = f" {ways} of them repeat another one at another price of energy." if ways else ""
    once = f" {statements.counted(claims, sets)}" if ways else statements.stale(claims, sets)
    return f"Of {len(verdicts)} claims, {assigned}, {of_claims(verdicts, '**')}.{alike}{left}{once}"


def page(claims: Claims, sets: Sequence[Answers], about: str = "") -> str:
    """The page: how many claims hold, those with a verdict, those without, what other sets say, reasons for margins.

    `about`: a table in Markdown of what the sets that answer are about.
    """
    every = claims_found.answered(claims)
    untested = [
        {"claim": claim.claim, "source": claim.source, "verdict": NOT_TESTED, "needs": _reason(claim)}
        for claim in claims.untested
    ]
    short = "\n\n".join(filter(None, (counts(claims, sets), statements.decided(claims, sets))))
    rows = [*(claims_found.row(claim, sets) for claim in every), *untested]
    tested = [row for row in rows if not row["verdict"].startswith(NOT_TESTED)]
    parts = [INTRODUCTION.format(short=short), *(["## Tested", _table(tested)] if tested else [])]
    if about:
        parts += ["### The sets that answer", about]
    if left := [row for row in rows if row not in tested]:
        parts += ["## Not tested", _table(left)]
    if others := [row for claim in every for row in claims_found.others(claim, sets)]:
        parts += ["## The same claims in other sets", _table(others)]
    if stale := [f"`{answers.name}`: {answers.mark.strip()}" for answers in sets if answers.mark]:
        parts += ["## Stale sets", _left_out(every, sets), *stale]
    margins = {
        "claim": [claim.claim for claim in every],
        "at least": [claims_found.at_least(claim) for claim in every],
        "because": [claim.why for claim in every],
        "answered by": [f"`{claim.answered_by}`" for claim in every],
    }
    return "\n\n".join([*parts, "## Margins", table(margins)]) + "\n"


def _reason(claim: Any) -> str:
    return f"{claim.reason}; what would: {claim.resolved_by}"


def _left_out(decided: Sequence[Claim | Ratio], sets: Sequence[Answers]) -> str:
    shown = sum(len(claims_found.tested(claim, answers)) for claim in decided for answers in sets)
    left = sum(len(answers.claims) for answers in sets) - shown
    text = "Their numbers stand above as they are on record, with the statistics of their time."
    return f"{text} {left} of their rows are about claims in other words or with other margins, and are left out."


def _table(rows: Sequence[dict[str, Any]]) -> str:
    headings = ("claim", "source", "set", "at least", "found", "interval", "n", "verdict", "needs")
    flags = ("flags",) if any(row.get("flags") for row in rows) else ()
    return table({heading: [row.get(heading, "") for row in rows] for heading in (*headings, *flags)})
