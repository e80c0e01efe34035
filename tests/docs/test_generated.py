"""Pages and schemas that are made of the code are those of today."""

from docs import generate
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
