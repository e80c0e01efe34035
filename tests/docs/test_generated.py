"""Pages and schemas that are made of the code are those of today."""

import importlib

import pytest

from docs import generate, python
from snn.core.paths import ROOT


def test_generated_pages_and_schemas_are_of_today():
    stale = [str(path.relative_to(ROOT)) for path, text in generate.pages().items() if path.read_text() != text]
    assert stale == [], "run: python -m docs.generate"


def test_every_command_and_every_kind_of_parameter_file_has_a_section():
    pages = generate.pages()
    commands = pages[generate.DOCS / "reference/commands.md"]
    parameters = pages[generate.DOCS / "reference/parameters.md"]
    assert all(f"`{place}`" in parameters for place in generate.PLACES.values())
    assert "## `audit`" in commands
    assert "`--steps`" in commands.split("## `audit`")[1].split("\n## ")[0]


def test_links_inside_generated_pages_lead_to_a_heading():
    page = generate.pages()[generate.DOCS / "reference/parameters.md"]
    headings = {line.strip("# ").lower() for line in page.splitlines() if line.startswith("#")}
    targets = {part.split(")")[0] for part in page.split("](#")[1:]}
    assert targets
    assert targets <= headings


MODULES = {module: names for modules in python.SECTIONS.values() for module, names in modules.items()}


@pytest.mark.parametrize("module", MODULES)
def test_every_name_in_the_list_of_python_is_one_of_its_module_and_has_a_sentence(module):
    section = python.listed().split(f"### `{module}`\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in section.splitlines() if line.startswith("| `")]
    named = [name.strip("`").partition("(")[0] for name, _ in rows]
    assert set(MODULES[module]) <= set(named)
    found = importlib.import_module(module)
    assert [name for name in named if not callable(getattr(found, name, None))] == []
    assert [name for name, text in rows if len(text.split()) < 3 or not text.endswith(".")] == []
