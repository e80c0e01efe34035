"""Code stays small, types are ignored rarely and for a reason, and names and texts use the words of the field."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from snn.core.paths import ROOT

MODULES = sorted((ROOT / "snn").rglob("*.py"))
PROSE = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINES_OF_A_FUNCTION, LINES_OF_A_MODULE, IGNORES = 60, 300, 15
REASONED = re.compile(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]  # \w.+")
WORDS = {  # what to write instead
    r"anew": "again",
    r"judged": "evaluated",
    r"mend(s|ed|ing)?": "fix",
    r"h[au]ng(s|ing)?\s+on": "depends on",
    r"a\s+row\s+an?": "a row per",
    r"gone\s+on\s+with": "continued",
    r"(speaks?|spoke)\s+for": "is reported as",
}


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def everything() -> Iterator[tuple[Path, ast.AST]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            yield path, node


def ignores() -> dict[str, str]:
    """Where mypy is told to ignore an error, and the comment that tells it."""
    found = {}
    for path in MODULES:
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT and re.search(r"type:\s*ignore", token.string):
                    found[where(path, token.start[0])] = token.string
    return found


def names(node: ast.AST) -> Iterator[str]:
    """The identifiers that a node holds; a string that is one word may be the name of a column."""
    for field in ("id", "attr", "arg", "name", "asname"):
        name = getattr(node, field, None)
        if isinstance(name, str):
            yield name
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield node.value


def test_no_function_is_longer_than_60_lines():
    functions = ((p, n) for p, n in everything() if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {f"{where(path, node.lineno)} {node.name}": node.end_lineno - node.lineno + 1 for path, node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_FUNCTION} == {}


def test_no_module_is_longer_than_300_lines():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_MODULE} == {}


def test_errors_of_types_are_ignored_rarely_each_with_its_code_and_a_reason():
    found = ignores()
    assert {place: comment for place, comment in found.items() if not REASONED.fullmatch(comment)} == {}
    assert len(found) <= IGNORES


@pytest.mark.parametrize("word", WORDS)
def test_text_and_names_use_the_words_of_the_field(word):
    pattern = re.compile(rf"(?<![a-z]){word}(?![a-z])", re.IGNORECASE)
    found = []
    for path in MODULES + PROSE:
        text = path.read_text()
        found += [where(path, text[: hit.start()].count("\n") + 1) for hit in pattern.finditer(text)]
    assert not found, f"write {WORDS[word]!r} in {', '.join(found)}"


def test_nothing_is_named_said():
    named = ((path, node, name) for path, node in everything() for name in names(node))
    found = {where(path, getattr(node, "lineno", 0)): name for path, node, name in named if "said" in name.split("_")}
    assert not found, f"write 'values' in {', '.join(found)}"
