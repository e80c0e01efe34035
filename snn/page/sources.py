"""The files that are put into a page as they are. No torch."""

from importlib import resources
from pathlib import Path

PACKAGE = Path(__file__).parent
SCRIPTS = tuple(  # in the order in which they are read
    f"scripts/{name}.js"
    for name in (
        *(
            "unpack",
            "elements",
            "axes",
            "plots",
            "selection",
            "keyboard",
            "drawer",
            "tables",
            "figures",
            "recommend",
            "page",
        ),
    )
)
FILES = ("frame.html", "page.html", "page.css", *SCRIPTS)


def text(name: str) -> str:
    """A file of this package."""
    return resources.files("snn.page").joinpath(name).read_text()


def script() -> str:
    """All scripts of a page but the library."""
    return "\n".join(map(text, SCRIPTS))
