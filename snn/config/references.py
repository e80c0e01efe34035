"""Works that parameter files cite, in params/references.yaml: authors, titles, venues, years. No torch."""

import functools
import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.config.documents import FOLDER, Place
from snn.config.plugins import validate
from snn.config.read import read_yaml
from snn.core.strict import Many, Model


class Reference(Model):
    """A work, as a bibliography names it.

    `cited`: how the texts of parameter files name it, by which its citations are found; whole words, capitals count.
    `authors`: "Family, Given", or an organisation without a comma. `year`: None where the work states none.
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9]+$")]
    cited: Annotated[Many[str], Field(min_length=1)]
    type: Literal["article", "inproceedings", "misc", "techreport"]
    authors: Annotated[Many[str], Field(min_length=1)]
    title: str
    venue: str
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,}/\S+$")] | None = None
    arxiv: Annotated[str, Field(pattern=r"^\d{4}\.\d{4,5}$")] | None = None

    @property
    def url(self) -> str | None:
        """Where it is found; None if it has neither a DOI nor an arXiv number."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else None


class References(Model):
    """params/references.yaml."""

    source: str
    references: Many[Reference]

    @model_validator(mode="after")
    def _no_repetition(self) -> "References":
        for field, values in (
            ("key", [one.key for one in self.references]),
            ("cited", [name for one in self.references for name in one.cited]),
        ):
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"{field} {twice[0]} stands twice")
        return self

    def cited_in(self, texts: Iterable[str]) -> list[Reference]:
        """The works that the texts cite, sorted by key."""
        joined = "\n".join(" ".join(text.split()) for text in texts)
        found = [one for one in self.references if any(_names(name, joined) for name in one.cited)]
        return sorted(found, key=lambda one: one.key)


def _names(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


@functools.cache
def references() -> References:
    """params/references.yaml; raises InputError naming file, key and remedy."""
    path = FOLDER / "references.yaml"
    return validate(References, read_yaml(path), Place(path))
