"""A model of imperfect hardware is a file here, found by its name, with

    Options                                          what its YAML may say under `options`, a `spec.Model`
    disturb(network, level, chip, options) -> None   turn a copy of a clean network into chip number `chip`, in place

A chip is permanent: `disturb` registers what the hardware does to the parameters that are programmed into it, so that
`network.parameters()` are the programmable values and nothing else. Draws come from `draw`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from snn.lazy import lazy

if TYPE_CHECKING:
    from numpy import ndarray

np = lazy("numpy")


def draw(chip: int, layer: int, parameter: str, shape: tuple[int, ...]) -> ndarray:
    """Standard normal numbers that belong to one parameter of one layer of one chip, whatever its level.

    A counter-based generator (Philox), keyed by the identity: the same on every machine and in every order of asking.
    """
    key = hashlib.sha256(f"chip {chip} layer {layer} {parameter}".encode()).digest()[:16]
    generator = np.random.Generator(np.random.Philox(key=np.frombuffer(key, dtype="<u8")))
    return generator.standard_normal(shape)
