"""A loader reads one kind of released data. It is a file here, found by its name, with

Options                       what its YAML may say under `options`
load(options, raw) -> Raw     all samples and which of them are training and test data; `raw` is the folder with the
released files, whose checksums have been compared before
reads(options) -> paths       optional: files besides those that it reads, which so enter the digest
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

from pydantic import AfterValidator, Field

from snn.core.strict import Many

if TYPE_CHECKING:
    import numpy as np


def _apart(parts: tuple[str, ...]) -> tuple[str, ...]:
    if len(parts) == 2:
        one, other = (PurePosixPath(part) for part in parts)
        if one.is_relative_to(other) or other.is_relative_to(one):
            raise ValueError("test data would be training data: name two folders, neither inside the other")
    return parts


Parts = Annotated[Many[str], Field(max_length=2), AfterValidator(_apart)]  # folders of training and of test data


class Raw(NamedTuple):
    """What a loader returns.

    `read(i)` gives sample i as uint8, an image (C, H, W) or frames (T, C, H, W), the same whenever it is asked for;
    it raises InputError naming the file when that cannot be read. `y_N` are the classes, known before any sample is
    read. `parts` are the indices of the released parts, train and test and where there is one validation; none where
    the release is one heap.
    """

    read: Callable[[int], np.ndarray]
    y_N: np.ndarray
    class_names: list[str]
    parts: Mapping[str, np.ndarray]


class Loader(Protocol):
    """A module of this package, or another object that reads data."""

    def load(self, options: Any, raw: Path) -> Raw:
        """Read data by its own `Options`; `raw` is the folder of the released files."""
