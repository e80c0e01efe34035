"""The README and the docs say what is so."""

import re
from pathlib import Path

import pytest

from snn import browse

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("shown", list(browse.documented()), ids=lambda shown: shown[1])
def test_the_tables_shown_are_those_committed(shown):
    path, marker, body = shown
    _, _, rest = (ROOT / path).read_text().partition(f"<!-- {marker}: ")
    assert rest.partition("\n")[2].startswith(body + "<!-- end -->")


NAMED = sorted({path for page in PAGES for path in re.findall(r"`([\w./*]+/[\w./*]*)`", page.read_text())})


@pytest.mark.parametrize("path", NAMED)
def test_every_file_that_is_named_exists(path):
    made_later = "NAME" in path or path.startswith("results/report")
    assert made_later or list(ROOT.glob(path.rstrip("/")))


METHODS = sorted(
    set(
        re.findall(r"`((?:paper_|stbp|tet|sdt|tandem|ltl|ann|conversion)\w*)`", (ROOT / "docs/pitfalls.md").read_text())
    )
)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_the_pitfalls_name_exists(method):
    assert (ROOT / "params" / "methods" / f"{method}.yaml").exists()
