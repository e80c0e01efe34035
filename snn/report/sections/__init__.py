"""A section of the report is a folder here, found by its name. It has a caption, and one or more of the other files:

    caption.md       what it shows, in plain paragraphs; the first sentence is its title
    table.py         COLUMNS, unit and meaning of every column, and table(inputs) -> DataFrame     -> NAME.csv
                     rows_in_metric(table), only if some rows of METRIC columns are in another unit
    page.py          page(inputs) -> text in Markdown                                              -> NAME.md
    figure.py        figure(inputs) -> matplotlib Figure                                           -> NAME.svg

Nothing else has to be edited: workflow, report, data dictionary and digests ask this package. `inputs` are
`snn.report.inputs.Inputs`: the collected tables and the experiment. `inputs.table(NAME)` is the table of another
section. This package is imported at parse time, so it needs neither pandas nor torch.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ABOUT = "About these numbers"  # the heading of the caption in a page
HEADLINE = "metrics.yaml"  # test value and energy of every method, to compare releases
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
        """The imported module of a part."""
        return importlib.import_module(self.module(part))

    def rows_in_metric(self, table: Any) -> Any:
        """The rows of a table whose METRIC columns are in the unit of the metric; None if all are."""
        rows = getattr(self.load("table"), "rows_in_metric", None)
        return rows(table) if rows else None

    @property
    def caption_file(self) -> Path:
        """The file of its caption."""
        return FOLDER / self.name / "caption.md"

    @property
    def caption(self) -> str:
        """Its caption, in one or more paragraphs."""
        return self.caption_file.read_text().strip()

    @property
    def title(self) -> str:
        """The first sentence of its caption."""
        return " ".join(self.caption.split(". ", 1)[0].split()).removesuffix(".")


def sections() -> list[Section]:
    """All sections, sorted by name."""
    return [Section(path.parent.name) for path in sorted(FOLDER.glob("*/caption.md"))]


def files(part: str) -> list[str]:
    """The names of the files that sections write with this part."""
    return [section.file(part) for section in sections() if part in section.parts]


def modules() -> tuple[str, ...]:
    """The modules of all parts of all sections."""
    return tuple(section.module(part) for section in sections() for part in section.parts)
