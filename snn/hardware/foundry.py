"""Random draws of a chip by name: the same on every machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from snn.core.lazy import lazy

if TYPE_CHECKING:
    import numpy
    from torch import Generator
np = lazy("numpy")
torch = lazy("torch")


class Foundry:
    """The draws of a chip by its number or name: counter-based (Philox), keyed by (chip, layer, parameter, again).

    They are the same on every machine and do not depend on the order of calls. `again`: how often the present noise
    model occurs earlier in the stack; each occurrence draws other numbers.
    """

    def __init__(self, chip: int | str):
        self.chip, self.again, self._drawn = chip, 0, hashlib.sha256()
        self.generators: list[Generator] = []  # of fresh draws

    def normal(self, layer: int, parameter: str, shape: tuple[int, ...]) -> numpy.ndarray:
        """Standard normal numbers for one parameter of one layer (-1: the whole chip)."""
        return self._noted(self._philox(layer, parameter).standard_normal(shape))

    def uniform(self, layer: int, parameter: str, shape: tuple[int, ...]) -> numpy.ndarray:
        """Uniform numbers in [0, 1) for one parameter of one layer."""
        return self._noted(self._philox(layer, parameter).random(shape))

    def generator(self, layer: int, parameter: str, device: object) -> Generator:
        """A generator for fresh draws at every call; its numbers depend on the kind of device."""
        key = self._key(layer, parameter)
        self._drawn.update(key)
        self.generators.append(torch.Generator(device).manual_seed(int.from_bytes(key[:7])))
        return self.generators[-1]

    @property
    def hash(self) -> str:
        """The first digits of the sha256 over everything drawn so far."""
        return self._drawn.hexdigest()[:12]

    def _key(self, layer: int, parameter: str) -> bytes:
        again = f" again {self.again}" if self.again else ""
        return hashlib.sha256(f"chip {self.chip} layer {layer} {parameter}{again}".encode()).digest()[:16]

    def _philox(self, layer: int, parameter: str) -> numpy.random.Generator:
        return np.random.Generator(np.random.Philox(key=np.frombuffer(self._key(layer, parameter), dtype="<u8")))

    def _noted(self, values: numpy.ndarray) -> numpy.ndarray:
        self._drawn.update(values.tobytes())
        return values
