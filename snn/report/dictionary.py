"""The data dictionary in Markdown: unit and meaning of every column of every table. No torch."""

from collections.abc import Mapping

from snn.core.columns import Column
from snn.report.collected import TABLES, file
from snn.report.flags import MEANINGS
from snn.report.markdown import table
from snn.report.sections import sections


def dictionary() -> str:
    """The data dictionary: first the collected tables, then the tables of sections with their captions."""
    parts = []
    for name, row in TABLES.items():
        parts += [f"### `{file(name)}`", (row.__doc__ or "").strip(), _columns(row.columns())]
    for section in sections():
        if "table" in section.parts:
            parts += [f"### `{section.file('table')}`", section.caption, _columns(section.load("table").COLUMNS)]
    flags = {"flag": [f"`{name}`" for name in MEANINGS], "meaning": list(MEANINGS.values())}
    parts += ["### Flags", "Warnings in the column `flags`, and marks in figures.", table(flags)]
    return "\n\n".join(parts) + "\n"


def _columns(columns: Mapping[str, Column]) -> str:
    return table(
        {
            "column": [f"`{name}`" for name in columns],
            "unit": [column.unit for column in columns.values()],
            "meaning": [column.meaning for column in columns.values()],
        }
    )
