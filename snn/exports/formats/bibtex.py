"""BibTeX: the release, and the works that the experiment cites (facts: CITATION.cff, params/references.yaml)."""

from collections.abc import Mapping, Sequence

from snn.config.references import Reference
from snn.exports.formats import File, Format
from snn.exports.given import Given

VENUES = {"article": "journal", "inproceedings": "booktitle", "misc": "howpublished", "techreport": "institution"}
ESCAPED = str.maketrans({character: f"\\{character}" for character in "&%$#_"})


class Bibtex(Format):
    """references.bib."""

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """The release first, then the works by key."""
        entries = [release(given), *map(_reference, given.references)]
        return {
            "references.bib": File("\n".join(entries).encode(), "application/x-bibtex", "works to cite, as BibTeX"),
        }


def release(given: Given) -> str:
    """The entry of the release. It has a year only if CITATION.cff has a date."""
    cited, commits = given.citation, sorted({commit[:7] for commit in given.commits.values()})
    made = f"results of {given.name}, tables {given.digest}, by the code of {', '.join(commits)}"
    fields = {
        "author": _authors([author.sorted_name for author in cited.authors]),
        "title": f"{{{_escaped(cited.title)}}}",
        "howpublished": "Computer software",
        "year": cited.released[:4],
        "version": _escaped(cited.version),
        "note": _escaped(f"Version {cited.version}, {cited.licence}; {made}"),
        "doi": cited.doi,
        "url": cited.url,
    }
    return _entry("misc", cited.title.lower(), fields)


def _reference(one: Reference) -> str:
    fields = {
        "author": _authors(one.authors),
        "title": f"{{{_escaped(one.title)}}}",
        VENUES[one.type]: _escaped(one.venue),
        "year": str(one.year or ""),
        "doi": one.doi or "",
        "eprint": one.arxiv or "",
        "archiveprefix": "arXiv" if one.arxiv else "",
        "url": one.url or "",
    }
    return _entry(one.type, one.key, fields)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}},\n" for name, value in fields.items() if value]
    return f"@{kind}{{{key},\n{''.join(lines)}}}\n"


def _authors(names: Sequence[str]) -> str:
    """Names as BibTeX separates them; an organisation in braces is one word."""
    return " and ".join(_escaped(name) if "," in name else f"{{{_escaped(name)}}}" for name in names)


def _escaped(words: str) -> str:
    return words.translate(ESCAPED)
