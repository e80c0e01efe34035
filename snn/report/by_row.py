"""Tables in Markdown from their rows. No torch."""

from collections.abc import Mapping, Sequence

from snn.report import markdown


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """A table in Markdown of rows by heading, those of the first in its order. Empty without rows."""
    return markdown.table({name: [row[name] for row in rows] for name in rows[0]}) if rows else ""
