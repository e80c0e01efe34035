"""The command claims: docs/results/claims.md, from the tables on record."""

from collections.abc import Iterable
from pathlib import Path

from snn.cli import conditions
from snn.cli.evidence import about
from snn.cli.sets import Tables, flags
from snn.config import Claim, Ratio, params
from snn.core import files
from snn.core.steps import doing
from snn.pipeline import record
from snn.report import claims_found, claims_page, markdown, statements

PAGE = Path("docs/results/claims.md")
TABLE = "claims.csv"


def claims() -> None:
    """Write the page.

    Raises InputError, with no file written, if a stamp does not prove its files, if tables contradict each other, the
    plan or git, if runs of today were made by code that was not committed or their report is stale, or if a report of
    today is not made of its tables.
    """
    for name in record.names():
        doing(f"proving {name}")
        found = record.TablesOnRecord(name)
        found.prove()
        found.refuse_inconsistent()
        found.refuse_unknown_commits()
        found.refuse_dirty()
        found.refuse_stale_report()
        found.refuse_forged_report()
    files.write(PAGE, page())


def page() -> str:
    """The page that the tables on record make."""
    claims, answers = params.literature()[0], _answers(map(record.TablesOnRecord, record.names()))
    deciding = {claim.answered_by for claim in claims.claims} | {ratio.answered_by for ratio in claims.ratios}
    shown = [record.TablesOnRecord(one.name) for one in answers if one.name in deciding]
    return claims_page.page(claims, answers, markdown.table(about.sets(shown)) if shown else "")


def short(sets: Iterable[record.TablesOnRecord]) -> str:
    """How many statements of the papers hold in sets of tables, and which hold and fail."""
    given = params.literature()[0], _answers(sets)
    return "\n\n".join(filter(None, (statements.counted(*given), statements.in_short(*given, _norms))))


def _norms(claim: Claim | Ratio) -> str:
    """The norms of the networks that a claim compares, in the experiment that answers it."""
    norms = conditions.norms(params.load("experiments", claim.answered_by))
    return " / ".join(dict.fromkeys(norms[method] for method in claims_found.methods(claim) if method in norms))


def _answers(sets: Iterable[record.TablesOnRecord]) -> list[claims_found.Answers]:
    return [_answer(Tables(found)) for found in sets]


def _answer(tables: Tables) -> claims_found.Answers:
    """What a set of tables says of claims."""
    found = tables.found
    return claims_found.Answers(found.name, claims_found.read(found.report / TABLE), found.mark, flags(found))
