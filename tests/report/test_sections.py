"""Every section of the report keeps the contract of `snn.report.sections`; so does one that is dropped in."""

import re
import sys

import pytest

from snn.core.columns import Column
from snn.evaluation.outcomes import NAME
from snn.pipeline.plan import Plan
from snn.report import collected, sections
from snn.report.dictionary import dictionary
from snn.report.sections import Section
from snn.report.write import write
from tests.report.test_figures import prepared

SECTIONS = sections.sections()
TABLED = [section for section in SECTIONS if "table" in section.parts]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_section_has_a_part_and_a_caption_that_reads_alike_in_rst_and_in_markdown(section):
    assert section.parts
    assert section.title
    assert "\n" not in section.title
    assert not re.search(r"(?m)^\s*([#>|*-]|\d+\.) |\{\{|\{%|\]\(|(?<!`)`(?!`)[^`\n]+`(?!`)", section.caption)
    assert all(len(line) <= 130 for line in section.caption.splitlines())


@pytest.mark.parametrize("section", TABLED, ids=lambda section: section.name)
@pytest.mark.parametrize("noises", [("mismatch",), ()], ids=["chips", "no chips"])
def test_a_table_has_the_columns_that_it_declares_each_with_a_meaning(section, noises):
    declared = section.load("table").COLUMNS
    found = prepared(["a", "b"], noises=noises).table(section.name)
    assert list(found.columns) == list(declared)
    assert all(isinstance(column, Column) and column.meaning for column in declared.values())


def test_the_tables_that_are_collected_are_those_that_are_declared():
    assert (*map(collected.file, collected.TABLES), NAME) == Plan("smoke").collect.results


def test_the_data_dictionary_holds_every_column_once_per_table():
    text = dictionary()
    for name, row in collected.TABLES.items():
        part = text.partition(f"### `{collected.file(name)}`\n")[2].partition("\n### ")[0]
        assert re.findall(r"^\| `(\w+)`", part, re.MULTILINE) == list(row.columns())
    for section in TABLED:
        part = text.partition(f"### `{section.name}.csv`\n")[2].partition("\n### ")[0]
        assert section.title in part
        assert re.findall(r"^\| `(\w+)`", part, re.MULTILINE) == list(section.load("table").COLUMNS)


def test_a_column_named_level_is_of_noise_or_says_that_it_is_not():
    tables = {name: row.columns() for name, row in collected.TABLES.items()}
    tables |= {section.name: section.load("table").COLUMNS for section in TABLED}
    levels = {name: columns["level"] for name, columns in tables.items() if "level" in columns}
    others = {name for name, level in levels.items() if level.unit != "of noise"}
    assert {"runs", "hardware"} <= set(levels) - others
    assert "comparisons" in others
    assert all("not a level of noise" in levels[name].meaning for name in others)


PARTS = {
    "caption.md": "How many rows there are. One row per method.\n",
    "table.py": (
        "from snn.core.columns import Column\n\n"
        'COLUMNS = {"method": Column("", "file in params/methods"), "rows": Column("rows", "of runs.csv")}\n\n\n'
        'def table(inputs):\n    return inputs.runs.groupby("method").size().rename("rows").reset_index()\n'
    ),
    "page.py": "def page(inputs):\n    return f\"# {len(inputs.table('mine'))} methods\\n\"\n",
    "figure.py": (
        "from snn.report.canvas import panels_of\n\n\n"
        "def figure(inputs):\n    figure, (axes,) = panels_of(1, [])\n"
        '    axes.bar(inputs.table("mine").method, inputs.table("mine")["rows"])\n    return figure\n'
    ),
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A section `mine` in a folder of its own, beside copies of nothing: the other sections stay where they are."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in PARTS.items():
        (folder / name).write_text(text)
    own = sections.FOLDER
    for path in own.iterdir():
        if path.is_dir():
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(sections, "FOLDER", tmp_path)
    monkeypatch.setattr(sections, "__path__", [str(tmp_path)])
    yield Section("mine")
    for name in [name for name in sys.modules if name.startswith("snn.report.sections.mine")]:
        del sys.modules[name]


@pytest.mark.slow
def test_a_section_that_is_dropped_in_is_written_shown_and_documented_with_no_other_edit(mine, tmp_path):
    out = tmp_path / "out"
    write(prepared(["a", "b"]), out)
    assert (out / "mine.csv").read_text().startswith("method,rows\na,")
    caption = PARTS["caption.md"]
    assert (out / "mine.md").read_text() == f"# 3 methods\n\n## {sections.ABOUT}\n\n{caption}"
    assert "</svg>" in (out / "mine.svg").read_text()
    report = Plan("smoke").report
    assert {"mine.csv", "mine.md", "mine.svg"} <= set(report.results)
    labels = {path.name: shown.labels for path, shown in report.shown.items() if "mine" in shown.caption}
    title = "mine: How many rows there are"
    assert labels == {"mine.csv": {"table": title}, "mine.svg": {"figure": title}}
    assert {f"snn.report.sections.mine.{part}" for part in ("table", "page", "figure")} <= set(report.modules)
    assert "### `mine.csv`\n\nHow many rows there are. One row per method.\n\n| column" in dictionary()


def test_an_edited_caption_makes_another_report(mine, monkeypatch):
    monkeypatch.setattr(sections, "modules", lambda: ())  # code of the package is read from its own folder
    before = Plan("smoke").report.digest
    mine.caption_file.write_text("Edited.\n")
    assert Plan("smoke").report.digest != before
