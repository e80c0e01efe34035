"""A section of the report is a folder here, found by its name. It holds, where it has them,

    caption.md       what it shows, as plain paragraphs; the first sentence is its title
    table.py         COLUMNS, unit and meaning of every column, and table(inputs) -> DataFrame     -> NAME.csv
                     (rows_in_metric(table): where not all rows of METRIC columns are in the unit of the metric)
    page.py          page(inputs) -> text in Markdown                                              -> NAME.md
    figure.py        figure(inputs) -> matplotlib Figure                                           -> NAME.svg

and nothing else has to be edited: workflow, report, data dictionary and digests ask this package. `inputs` are the
collected tables and what the experiment says, `snn.report.inputs.Inputs`; other sections' tables come from
`inputs.table(NAME)`. Found at parse time: no pandas, no torch.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ABOUT = "About these numbers"  # the heading of the caption in a page
HEADLINE = "metrics.yaml"  # test value and energy of every method, for comparing releases
SUFFIXES = {"table": ".csv", "page": ".md", "figure": ".svg"}


@dataclass(frozen=True)
class Section:
    """One section, by the name of its folder."""

    name: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Which of table, page and figure it has."""
        return tuple(part for part in SUFFIXES if (FOLDER / self.name / f"{part}.py").is_file())

    def file(self, part: str) -> str:
        """The name of the file that a part writes."""
        return self.name + SUFFIXES[part]

    def module(self, part: str) -> str:
        """The module that makes a part."""
        return f"snn.report.sections.{self.name}.{part}"

    def load(self, part: str) -> Any:
        """That module, imported."""
        return importlib.import_module(self.module(part))

    def rows_in_metric(self, table: Any) -> Any:
        """Which rows have their METRIC columns in the unit of the metric, if not all (None)."""
        rows = getattr(self.load("table"), "rows_in_metric", None)
        return rows(table) if rows else None

    @property
    def caption_file(self) -> Path:
        """Where its caption is written."""
        return FOLDER / self.name / "caption.md"

    @property
    def caption(self) -> str:
        """What it shows, in one or more paragraphs."""
        return self.caption_file.read_text().strip()

    @property
    def title(self) -> str:
        """The first sentence of its caption."""
        return " ".join(self.caption.split(". ", 1)[0].split()).removesuffix(".")


def sections() -> list[Section]:
    """All sections, in the order of their names."""
    return [Section(path.parent.name) for path in sorted(FOLDER.glob("*/caption.md"))]


def files(part: str) -> list[str]:
    """The files that all sections with this part write."""
    return [section.file(part) for section in sections() if part in section.parts]


def modules() -> tuple[str, ...]:
    """The modules of all parts of all sections."""
    return tuple(section.module(part) for section in sections() for part in section.parts)
