"""Tables in Markdown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

ARROW = " -> "


def table(columns: Mapping[str, Any]) -> str:
    """A table in Markdown, from cells by the heading of their column; cells are written as text."""
    rows = pd.DataFrame({name: [str(cell) for cell in cells] for name, cells in columns.items()})
    return rows.to_markdown(index=False, disable_numparse=True)
