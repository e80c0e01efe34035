"""Whom and what to cite for a release, as CITATION.cff states it. No torch."""

from dataclasses import dataclass
from typing import Any

from snn.config.read import read_yaml, short
from snn.core.errors import InputError
from snn.core.paths import ROOT

FILE = ROOT / "CITATION.cff"


@dataclass(frozen=True)
class Author:
    """A person with both names, or an organisation without a given one."""

    family: str
    given: str = ""
    orcid: str = ""

    @property
    def name(self) -> str:
        """The name in reading order."""
        return f"{self.given} {self.family}".strip()

    @property
    def sorted_name(self) -> str:
        """The name as a bibliography sorts it; an organisation has no comma."""
        return f"{self.family}, {self.given}" if self.given else self.family


@dataclass(frozen=True)
class Citation:
    """The release. `licence`: an SPDX identifier. `url`, `doi` and `released` are empty where the file states none."""

    title: str
    version: str
    licence: str
    authors: tuple[Author, ...]
    url: str = ""
    doi: str = ""
    released: str = ""

    @property
    def licence_url(self) -> str:
        """The page of the licence."""
        return f"https://spdx.org/licenses/{self.licence}"


def citation() -> Citation:
    """What CITATION.cff states; raises InputError naming the key that is missing."""
    found = read_yaml(FILE)
    for key in ("title", "version", "license", "authors"):
        if not isinstance(found, dict) or not found.get(key):
            raise InputError(f"{short(FILE)}: {key}", "is missing", "state it, see citation-file-format.github.io")
    return Citation(
        title=str(found["title"]),
        version=str(found["version"]),
        licence=str(found["license"]),
        authors=tuple(map(_author, found["authors"])),
        url=str(found.get("url") or found.get("repository-code") or ""),
        doi=str(found.get("doi") or ""),
        released=str(found.get("date-released") or ""),
    )


def _author(entry: dict[str, Any]) -> Author:
    if "name" in entry:
        return Author(str(entry["name"]))
    return Author(str(entry.get("family-names", "")), str(entry.get("given-names", "")), str(entry.get("orcid", "")))
