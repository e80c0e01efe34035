"""The statements of the papers in short: how many hold, and those that are decided. No torch.

A statement is what claims say before a colon. Claims that differ behind it, as by the price of energy, are its ways.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from snn.config import Claim, Claims, Ratio
from snn.report import claims_found
from snn.report.by_row import table
from snn.report.claims_found import Answers
from snn.report.verdicts import NOT_RESOLVED, NOT_TESTED, OF_CLAIMS, of_claims

UNITS = {"accuracy": "points", "mse": "squared error", "energy_nj": "nJ"}


def about(claim: Claim | Ratio) -> str:
    """The statement that a claim makes, without what follows a colon."""
    return claim.claim.partition(": ")[0]


def counted(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many statements hold and so on, each by the set that answers it, in a sentence.

    A statement counts once for each verdict that its ways have.
    """
    every = claims_found.answered(claims)
    found = dict.fromkeys((about(claim), claims_found.verdict_of(claim, sets).partition(",")[0]) for claim in every)
    told = [*(verdict for _, verdict in found), *[NOT_TESTED] * len(claims.untested)]
    number = len(every) + len(claims.untested)
    ways = f" ({number} claims, since some are tested in several ways)" if number > len(told) else ""
    return f"Of {len(told)} statements{ways}, {of_claims(told, '**')}.{stale(claims, sets)}"


def stale(claims: Claims, sets: Sequence[Answers]) -> str:
    """How many claims have their verdict from a stale set, in a sentence; empty without one."""
    marked = [answers for answers in sets if answers.mark]
    every = claims_found.answered(claims)
    old = sum(not claims_found.verdict_of(claim, marked).startswith(NOT_TESTED) for claim in every)
    return f" Of these verdicts from stale sets: {old}." if old else ""


def in_short(claims: Claims, sets: Sequence[Answers], norms: Callable[[Claim | Ratio], str]) -> str:
    """The same statements as in `decided` in fewer columns; `norms`: those of the networks that a claim compares."""
    rows = [
        {
            "verdict": row["verdict"],
            "statement": row["statement"],
            "found": row["found"] + (f" ({row['interval']}), margin {row['at least']}" if row["interval"] else ""),
            "in": "; ".join(filter(None, (f"{row['set']}, {norms(claim)}", row["flags"], row["other sets"]))),
        }
        for claim, row in _decided(claims, sets)
    ]
    return table(rows)


def decided(claims: Claims, sets: Sequence[Answers]) -> str:
    """The statements that hold and those that fail, as a table; empty without one."""
    rows = [row for _, row in _decided(claims, sets)]
    left_out = "" if any(row["flags"] for row in rows) else "flags"
    return table([{heading: cell for heading, cell in row.items() if heading != left_out} for row in rows])


def _decided(claims: Claims, sets: Sequence[Answers]) -> Iterator[tuple[Claim | Ratio, dict[str, str]]]:
    """The first claim and the row of every statement that holds, and then of those that fail."""
    for verdict in OF_CLAIMS[:2]:
        for ways in _ways(claims).values():
            if own := [claim for claim in ways if _has(claim, verdict, sets)]:
                yield own[0], _row(own, ways, verdict, sets)


def _ways(claims: Claims) -> dict[str, list[Claim | Ratio]]:
    """The claims of every statement."""
    found: dict[str, list[Claim | Ratio]] = {}
    for claim in claims_found.answered(claims):
        found.setdefault(about(claim), []).append(claim)
    return found


def _has(claim: Claim | Ratio, verdict: str, sets: Sequence[Answers]) -> bool:
    return claims_found.verdict_of(claim, sets).startswith(verdict)


def _row(
    own: Sequence[Claim | Ratio], ways: Sequence[Claim | Ratio], verdict: str, sets: Sequence[Answers]
) -> dict[str, str]:
    """A statement, by the ways in which it has a verdict."""
    first, cells = own[0], claims_found.row(own[0], sets)
    unit = "" if isinstance(first, Ratio) else UNITS.get(first.column, UNITS[first.metric])
    alone = len(ways) == 1
    return {
        "verdict": verdict,
        "statement": first.claim if alone else about(first),
        "source": first.source,
        "at least": cells["at least"] if alone else "",
        "found": f"{cells['found']} {unit}".strip() if alone else f"in {len(own)} of {len(ways)} ways",
        "interval": cells["interval"] if alone else "",
        "n": f"{cells['n']}" if alone else "",
        "set": ", ".join(dict.fromkeys(f"`{claim.answered_by}`" for claim in own)),
        "other sets": "; ".join(_contrary(own, len(ways), verdict, sets)),
        "flags": cells.get("flags", "") if alone else "",
    }


def _contrary(own: Sequence[Claim | Ratio], ways: int, verdict: str, sets: Sequence[Answers]) -> Iterator[str]:
    """What sets say that neither answer these claims nor agree with those that do."""
    contrary = next(kind for kind in OF_CLAIMS[:2] if kind != verdict)
    found = (other for claim in own for other in claims_found.elsewhere(claim, sets))
    others = Counter((claims_found.named(answers), kind) for answers, kind in found)
    for (name, kind), times in others.items():
        if kind == contrary:
            yield f"{contrary} in {name}" + (f" in {times} of them" if ways > 1 else "")
    if neither := len({name for name, kind in others if kind == NOT_RESOLVED}):
        yield f"neither holds nor fails in {neither} other{'s' if neither > 1 else ''}"
