"""The base of all jobs: digest, folder and files follow from parameters, code and parents. No torch."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from snn.core.observer import Observer
from snn.core.paths import DIGEST_LENGTH
from snn.pipeline.digest import digest

ACCOMPANYING = ("params.json", "provenance.json", "sha256.json")  # in the folder of every result


@dataclass(frozen=True, eq=False)
class Job(ABC):
    """One node of the DAG. A subclass names its parameters, code and parents, and makes its result."""

    stage: ClassVar[str]

    @property
    @abstractmethod
    def results(self) -> tuple[str, ...]:
        """Names of its files; the last one is moved into place last and proves the result."""

    @property
    def parents(self) -> "dict[str, Job]":
        """The jobs whose results this one reads, by role."""
        return {}

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules in which its code starts; what they import is its code, too."""
        return (type(self).__module__,)

    @property
    def reads(self) -> Sequence[Path]:
        """Files that its code reads besides its inputs: splits, arrays that a library ships, captions."""
        return ()

    @property
    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Its resolved parameters as JSON, as they enter the digest."""

    @abstractmethod
    def make(self, out: Path, observer: Observer) -> None:
        """Compute the result in the folder `out`, and move its files into place."""

    @cached_property
    def digest(self) -> str:
        """12 hexadecimal digits that name the result."""
        return digest(self.document, self.modules, self.parent_digests, self.reads)

    @property
    def parent_digests(self) -> dict[str, str]:
        """The digests of its parents, by role, as they enter its own."""
        return {role: job.digest for role, job in self.parents.items()}

    @property
    @abstractmethod
    def place(self) -> str:
        """Its folder with a * in place of every digest."""

    @cached_property
    def folder(self) -> Path:
        """The folder of the result."""
        return Path(self.place.removesuffix("*") + self.digest if self.place.endswith("*") else self.place)

    @property
    def inputs(self) -> list[Path]:
        """The files that it waits for: those that prove its parents. Others in their folders may be read, too."""
        return [job.proof for job in self.parents.values()]

    def file(self, name: str) -> Path:
        """The path of one of its results; raises ValueError for any other name."""
        return self.folder / self.results[self.results.index(name)]

    @cached_property
    def proof(self) -> Path:
        """The file that is moved into place last: if it exists, the result is complete."""
        return self.outputs[-1]

    @property
    def outputs(self) -> list[Path]:
        """All files of the result."""
        return [self.folder / name for name in (*ACCOMPANYING, *self.results)]

    @property
    def log(self) -> Path:
        """The file of its messages."""
        return Path("logs", *self.folder.parts[1:], f"{self.stage}.log")


def place(folder: Path) -> str:
    """A folder with a * in place of every digest in it."""
    return re.sub(rf"\b[0-9a-f]{{{DIGEST_LENGTH}}}\b", "*", str(folder))
