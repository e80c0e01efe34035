"""A format of an export is a file here, found by its name, that defines one subclass of `Format`. No torch.

Nothing else has to be edited: `snn.exports.write` asks this package.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from snn.core.plugins import defined_in
from snn.exports.given import Given

FOLDER = Path(__file__).parent


class File(NamedTuple):
    """A file of an export: its bytes, its media type, and in a few words what it holds."""

    content: bytes
    media: str
    about: str


class Format(ABC):
    """A format of an export.

    `order`: formats are made from the lowest to the highest; one that describes files of others has a higher one.
    """

    order: int = 0

    @abstractmethod
    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """The files of the format, by their paths in the export. `made`: those of formats of lower order."""


def found() -> list[Format]:
    """All formats, in the order in which they are made."""
    names = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    classes = [defined_in(importlib.import_module(f"snn.exports.formats.{name}"), Format) for name in names]
    return sorted((one() for one in classes), key=lambda one: one.order)
