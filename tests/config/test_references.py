"""params/references.yaml knows every work that parameter files name."""

import re

import pytest

from snn.config import params
from snn.config.documents import FOLDER, Place
from snn.config.plugins import validate
from snn.config.read import read_yaml
from snn.config.references import References, references
from snn.core.errors import InputError

CITED = re.compile(r"[A-Z][\w-]+ et al\b")
FIRST = read_yaml(FOLDER / "references.yaml")["references"][0]


def texts() -> dict[str, str]:
    """Every text that tells where something comes from, in one line, by the thing."""
    found = {f"{kind} {name}": params.load(kind, name).source for kind in params.KINDS for name in params.names(kind)}
    claims, published = params.literature()
    found |= {"claims": claims.source, "published": published.source}
    entries = (*claims.claims, *claims.ratios, *claims.untested)
    found |= {f"claim {entry.claim}": entry.source for entry in entries}
    return {thing: " ".join(text.split()) for thing, text in found.items()}


def test_every_work_that_is_cited_by_its_authors_is_known():
    known = [name for one in references().references for name in one.cited]
    found = [(thing, text[hit.start() :]) for thing, text in texts().items() for hit in CITED.finditer(text)]
    assert len(found) > 100
    assert [(thing, rest[:60]) for thing, rest in found if not rest.startswith(tuple(known))] == []


def test_every_paper_with_a_published_figure_is_known():
    _, published = params.literature()
    quoted = {figure.table.removeprefix("quoted by ") for figure in published.figures if "quoted by " in figure.table}
    quoted -= {"a review"}  # which is named nowhere
    papers = {figure.paper for figure in published.figures}
    assert quoted
    assert [name for name in sorted(quoted | papers) if not references().cited_in([name])] == []


def test_no_work_is_there_that_nothing_cites():
    _, published = params.literature()
    everything = [*texts().values(), *(f"{figure.paper}, {figure.table}" for figure in published.figures)]
    assert references().cited_in(everything) == sorted(references().references, key=lambda one: one.key)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Wu et al.,\n  AAAI 2019, as released", ["wu2019stbp"]),
        ("as Wu et al., TNNLS 2021; TET's release", ["deng2022tet", "wu2021tandem"]),
        ("our choice; a text on TETRIS and STBPs", []),
    ],
)
def test_a_citation_is_found_by_whole_words(text, keys):
    assert [one.key for one in references().cited_in([text])] == keys


@pytest.mark.parametrize("change", [{"key": "other2020"}, {"cited": ["another"]}])
def test_a_key_or_a_name_that_stands_twice_is_refused(change):
    document = {"source": "by hand", "references": [FIRST, {**FIRST, **change}]}
    with pytest.raises(InputError, match="stands twice"):
        validate(References, document, Place(FOLDER / "references.yaml"))
