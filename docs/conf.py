"""Sphinx: the Markdown in this folder as a site. `make docs` builds it, offline."""

import inspect
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "spikeledger"
author = "The spikeledger authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "spikeledger"
html_copy_source = False
html_show_copyright = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # names of axes and the text tell more: x_TBCHW, "returns (s_TBN, v_BN)"
nitpick_ignore_regex = [(r"py:.*", r".*")]  # signatures name types of torch and numpy, which have no pages here
ALIGNED = re.compile(r"^\s|\S {3,}\S")
LITERAL = re.compile(r"(`[^`]+`)")
SPECIAL = re.compile(r"([\\*|_])")


def as_rst(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """A docstring of this project as reStructuredText: aligned lines are equations, words in backticks are code."""
    made: list[str] = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc("\n".join(lines))):
        found = paragraph.splitlines()
        if any(ALIGNED.search(line) for line in found):
            made += ["::", "", *(f"    {line}" for line in found), ""]
        else:
            made += [*map(_escaped, found), ""]
    lines[:] = made


def _escaped(line: str) -> str:
    parts = LITERAL.split(line)
    return "".join(f"`{part}`" if LITERAL.fullmatch(part) else SPECIAL.sub(r"\\\1", part) for part in parts)


def list_addresses(app: Any, error: Exception | None) -> None:
    """Write every address outside of the site with the page that names it. None is fetched: the build is offline."""
    if error is None:
        found = sorted(
            f"{node['refuri']}  {name}"
            for name in app.env.found_docs
            for node in app.env.get_doctree(name).findall()
            if getattr(node, "get", None) and str(node.get("refuri", "")).startswith(("http:", "https:"))
        )
        Path(app.outdir, "addresses.txt").write_text("".join(f"{line}\n" for line in dict.fromkeys(found)))


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("build-finished", list_addresses)
