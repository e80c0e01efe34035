"""The data dictionary: every table of an experiment, its columns, their units and meaning, as Markdown. No torch."""

from collections.abc import Mapping

from snn.core.columns import Column
from snn.report.collected import TABLES
from snn.report.markdown import table
from snn.report.sections import sections


def dictionary() -> str:
    """Collected tables first, then the table of every section under its caption."""
    parts = []
    for name, row in TABLES.items():
        parts += [f"### `{name}.csv`", (row.__doc__ or "").strip(), _columns(row.columns())]
    for section in sections():
        if "table" in section.parts:
            parts += [f"### `{section.file('table')}`", section.caption, _columns(section.load("table").COLUMNS)]
    return "\n\n".join(parts) + "\n"


def _columns(columns: Mapping[str, Column]) -> str:
    return table(
        {
            "column": [f"`{name}`" for name in columns],
            "unit": [column.unit for column in columns.values()],
            "meaning": [column.meaning for column in columns.values()],
        }
    )
