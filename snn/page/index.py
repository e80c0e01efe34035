"""The index of all experiments as one HTML file. No torch."""

from collections.abc import Sequence
from typing import NamedTuple

from snn.page.write import template, text


class Listed(NamedTuple):
    """An experiment of the index. `page`: its file beside the index, or empty; `mark`: why it is stale or has none."""

    name: str
    question: str
    dataset: str
    network: str
    methods: int
    seeds: int
    answer: str
    page: str
    mark: str


def index(listed: Sequence[Listed]) -> str:
    """The HTML of the index."""
    return template("index.html").render(listed=listed, style=text("page.css"))
