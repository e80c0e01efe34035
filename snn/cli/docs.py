"""The command docs: pages of the documentation, in a checkout or as they were installed."""

from snn.core.errors import InputError, nearest
from snn.core.paths import DOCS


def docs(name: str | None) -> None:
    """Print a page, or the names and headings of all; raises InputError with the nearest name for an unknown one."""
    pages = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
    if name is None:
        print("\n".join(f"{page:<20}  {path.open().readline().lstrip('# ').strip()}" for page, path in pages.items()))
    elif name in pages:
        print(pages[name].read_text(), end="")
    else:
        raise InputError(f"docs {name:.100}", "is no page of the documentation", nearest(name, pages))
