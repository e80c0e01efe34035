"""A model of imperfect hardware is a file here, found by its name, with

    Options                                what its YAML may say under `options`, a `spec.Model`
    disturb(network, options, foundry)     turn a copy of a clean network into a chip, in place

What is permanent the foundry draws once a chip, by name: the same numbers whatever the level, so that levels differ by
nothing else, and sets of broken parts lie in one another. What is fresh at every step comes from a generator that the
foundry starts. Programmed values are disturbed by `chip.program_through`, neurons by `chip.set_silicon`, so that
`network.parameters()` are the programmable values and nothing else. Models stack: a value meets them in the order in
which a noise file names them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from snn.lazy import lazy

if TYPE_CHECKING:
    from numpy import ndarray
    from torch import Generator

np = lazy("numpy")
torch = lazy("torch")


class Foundry:
    """Where chip number `chip` is made. Draws are counter-based (Philox), keyed by (chip, layer, parameter): the same
    on every machine and in every order of asking. `again`: how often the model at work has been in the stack before,
    which draws anew.
    """

    def __init__(self, chip: int):
        self.chip, self.again, self._drawn = chip, 0, hashlib.sha256()

    def normal(self, layer: int, parameter: str, shape: tuple[int, ...]) -> ndarray:
        """Standard normal numbers that belong to one parameter of one layer (-1: the whole chip)."""
        return self._noted(self._philox(layer, parameter).standard_normal(shape))

    def uniform(self, layer: int, parameter: str, shape: tuple[int, ...]) -> ndarray:
        """Numbers from [0, 1), likewise."""
        return self._noted(self._philox(layer, parameter).random(shape))

    def generator(self, layer: int, parameter: str, device: object) -> Generator:
        """For draws that are fresh each time; its numbers are those of the kind of device."""
        key = self._key(layer, parameter)
        self._drawn.update(key)
        return torch.Generator(device).manual_seed(int.from_bytes(key[:7]))

    @property
    def hash(self) -> str:
        """What names everything that was drawn so far."""
        return self._drawn.hexdigest()[:12]

    def _key(self, layer: int, parameter: str) -> bytes:
        again = f" again {self.again}" if self.again else ""
        return hashlib.sha256(f"chip {self.chip} layer {layer} {parameter}{again}".encode()).digest()[:16]

    def _philox(self, layer: int, parameter: str) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=np.frombuffer(self._key(layer, parameter), dtype="<u8")))

    def _noted(self, values: ndarray) -> ndarray:
        self._drawn.update(values.tobytes())
        return values
