"""Parameter files in pages are complete: an editor that knows the schemas accepts each as it is printed."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from snn.config import schemas
from snn.config.read import read_yaml
from snn.core.paths import ROOT
from tests.docs import walk

PAGES = ["tutorial.md", *(f"how-to/{page.name}" for page in sorted((ROOT / "docs/how-to").glob("*.md")))]
FILES = [(block.file, block.text) for page in PAGES for block in walk.blocks(page) if block.file]
PARAMETERS = [(file, text) for file, text in FILES if file.startswith("params/")]


@pytest.mark.parametrize(("file", "text"), PARAMETERS, ids=[file for file, _ in PARAMETERS])
def test_a_parameter_file_of_a_page_is_valid_in_an_editor(file, text, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    document = json.loads(json.dumps(read_yaml(tmp_path / "x.yaml")))
    kind = Path(file).parent.name
    assert [error.message for error in Draft202012Validator(schemas.schema(kind)).iter_errors(document)] == []


def test_every_page_has_a_file_or_is_a_list_of_pages():
    without = [page for page in PAGES if not any(block.file for block in walk.blocks(page))]
    assert without == ["how-to/index.md"]


def test_python_of_pages_compiles():
    for file, text in FILES:
        if file.endswith(".py"):
            compile(text, file, "exec")
