"""The command docs: pages of the documentation, in a checkout or as they were installed."""

from pathlib import Path

from snn.core.errors import InputError, nearest
from snn.core.paths import DOCS


def docs(name: str | None) -> None:
    """Print a page, or the names and headings of all; its folder may be left out where no other has such a page.

    Raises InputError with the nearest name for an unknown one.
    """
    pages = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
    if name is None:
        width = max(map(len, pages))
        print("\n".join(f"{page:<{width}}  {_heading(path)}" for page, path in pages.items()))
        return
    found = [page for page in pages if page == name] or [page for page in pages if page.endswith(f"/{name}")]
    if len(found) == 1:
        print(pages[found[0]].read_text(), end="")
    else:
        raise InputError(f"docs {name:.100}", "is no page of the documentation", nearest(name, pages))


def _heading(path: Path) -> str:
    """The first heading of a page, which a comment may precede."""
    return next(line for line in path.read_text().splitlines() if line.startswith("# ")).removeprefix("# ")
