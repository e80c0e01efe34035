"""The command page without an experiment: all pages that today's code can make, and their index. No torch."""

from pathlib import Path

from snn import config
from snn.config import params
from snn.core import files
from snn.core.errors import InputError
from snn.core.git import git
from snn.page.index import Listed
from snn.page.index import index as html
from snn.page.write import question as question_of
from snn.page.write import source as source_of
from snn.pipeline import record
from snn.pipeline.execute import page_from_tables

INDEX = Path("results/report/index.html")
MOST = 160  # characters of a text in the index


def index() -> Path:
    """Write the pages of all experiments on record, and their index; returns the path of the index.

    An experiment whose tables or report are of older code has no page; the index tells why.
    """
    return files.write(INDEX, html([_listed(name) for name in record.names()]))


def _listed(name: str) -> Listed:
    found, page, answer, mark = record.TablesOnRecord(name), "", "", ""
    try:
        experiment: config.Experiment = params.load("experiments", name)
        question, source, network = question_of(experiment), source_of(experiment), experiment.network
        methods, seeds = len(experiment.methods) + 1, len(experiment.seeds)
    except InputError:
        question, source, network, methods, seeds = "no experiment of today", "", "", 0, 0
    try:
        made = page_from_tables(name)
        page, answer = made.html.name, made.written.answer
        mark = found.mark.strip().strip("*")
    except InputError as error:
        stale = found.mark.strip().strip("*")
        mark = f"{stale} No page." if stale else f"No page: {error}."
    return Listed(
        name, _short(question), _short(source), network, methods, seeds, answer, _made(found.commits), page, mark
    )


def _made(commits: list[str]) -> str:
    """Date and hash of the commit that made most results; without a date where git does not know it."""
    if not commits:
        return ""
    try:
        return f"{git('show', '-s', '--format=%cs', commits[0]).strip()} {commits[0]}"
    except InputError:
        return commits[0]


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= MOST else f"{words[: MOST - 1]}…"
