"""What every job has: a digest and a folder made of what it is made of. No torch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from snn.core.paths import DIGEST_LENGTH
from snn.pipeline.digest import digest

ACCOMPANYING = ("params.json", "provenance.json", "sha256.json")  # in the folder of every result


@dataclass(frozen=True, eq=False)
class Job:
    """One node of the DAG. Subclasses say what it is made of; digest and folder follow."""

    stage: ClassVar[str]

    @property
    def results(self) -> tuple[str, ...]:
        """Names of its files; the last one is renamed in last and proves the result."""
        raise NotImplementedError

    @property
    def parents(self) -> "dict[str, Job]":
        """The jobs whose results this one reads, by role."""
        return {}

    @property
    def modules(self) -> tuple[str, ...]:
        """Where its code starts; what these import belongs to it."""
        return (f"snn.{self.stage}",)

    @property
    def reads(self) -> Sequence[Path]:
        """Files that its code reads beside its inputs: splits, arrays that a library ships, templates."""
        return ()

    @property
    def document(self) -> dict[str, Any]:
        """Its resolved parameters as JSON, as they enter the digest."""
        raise NotImplementedError

    @cached_property
    def digest(self) -> str:
        """What names the result."""
        return digest(self.document, self.modules, self.parent_digests, self.reads)

    @property
    def parent_digests(self) -> dict[str, str]:
        """The digests that its own depends on, by role."""
        return {role: job.digest for role, job in self.parents.items()}

    @property
    def place(self) -> str:
        """Its folder, with a * for every digest: what it is of, whatever it is made of."""
        raise NotImplementedError

    @property
    def folder(self) -> Path:
        """Where the result lies."""
        return Path(self.place.removesuffix("*") + self.digest if self.place.endswith("*") else self.place)

    @property
    def inputs(self) -> list[Path]:
        """The files that prove its parents; what lies beside them is read too."""
        return [job.proof for job in self.parents.values()]

    def file(self, name: str) -> Path:
        """One of its results."""
        return self.folder / self.results[self.results.index(name)]

    @property
    def proof(self) -> Path:
        """The file that is renamed in last: where it is, the result is."""
        return self.outputs[-1]

    @property
    def outputs(self) -> list[Path]:
        """The files it declares."""
        return [self.folder / name for name in (*ACCOMPANYING, *self.results)]

    @property
    def log(self) -> Path:
        """Where its messages go."""
        return Path("logs", *self.folder.parts[1:], f"{self.stage}.log")


def place(folder: Path) -> str:
    """A folder with a * for every digest in it."""
    return re.sub(rf"\b[0-9a-f]{{{DIGEST_LENGTH}}}\b", "*", str(folder))
