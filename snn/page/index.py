"""The index of all experiments as one HTML file. No torch."""

from collections.abc import Sequence
from typing import NamedTuple

from snn.page.sources import text
from snn.page.write import template


class Listed(NamedTuple):
    """An experiment of the index. `source`: why it is there; `made`: date and commit of the code that made its tables.

    `page`: its file beside the index, or empty; `mark`: why it is stale or has none.
    """

    name: str
    question: str
    source: str
    network: str
    methods: int
    seeds: int
    answer: str
    made: str
    page: str
    mark: str


def index(listed: Sequence[Listed]) -> str:
    """The HTML of the index."""
    return template("index.html").render(listed=listed, style=text("page.css"))
