"""Loaders read released data. A loader is a file of this package, found by its name, that defines

    Options                       the keys under `options` of its YAML file
    load(options, raw) -> Raw     all samples, and which of them are training and test data
    reads(options) -> paths       optional: further files that it reads, which enter the digest

`raw` is the folder of the released files; their checksums have been verified.
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
    """Data as released.

    `read(i)` returns sample i as uint8, an image (C, H, W) or frames (T, C, H, W), always the same; it raises
    InputError naming the file if it cannot be read. `y_N` are the classes of all samples. `parts` are the indices of
    the released parts: train, test, and validation if there is one; empty if the release is not divided.
    """

    read: Callable[[int], np.ndarray]
    y_N: np.ndarray
    class_names: list[str]
    parts: Mapping[str, np.ndarray]


class Loader(Protocol):
    """A module of this package, or any object with its `load`."""

    def load(self, options: Any, raw: Path) -> Raw:
        """Read the data in the folder `raw`; `options` are an instance of its own `Options`."""
