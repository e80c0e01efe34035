"""What stands behind README's answer: pairs of rules, chips, costs; read from sets of tables on record. No torch."""

from collections.abc import Sequence

import pandas as pd

from snn.pipeline import record
from snn.report import collected


def answer_of(found: record.TablesOnRecord) -> str:
    """The page with the answer of a set of tables; empty if it has no report."""
    page = found.report / "answer.md"
    return page.read_text() if page.exists() else ""


def reported(found: record.TablesOnRecord, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """A table of the report of a set; without the report one without rows, with the columns that are read."""
    path = found.report / name
    return collected.read(path) if path.exists() else pd.DataFrame(columns=list(columns))
