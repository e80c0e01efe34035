"""The README tells what is so."""

import re
from pathlib import Path

import pytest

from snn.grid import Grid

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_table_of_the_readme_is_the_committed_summary():
    table = (ROOT / Grid("digits").tables.file("summary.md")).read_text().split("\n", 2)[2].replace("## ", "### ")
    assert table in README


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./]+/[\w./]*)`", README))))
def test_every_file_that_the_readme_names_exists(path):
    made_later = "NAME" in path or path.startswith("results/report")
    assert made_later or (ROOT / path).exists()
