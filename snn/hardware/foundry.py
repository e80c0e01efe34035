"""Where chips are made: every permanent draw, by name, the same on every machine."""

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
    """Where chip number `chip` is made. Draws are counter-based (Philox), keyed by (chip, layer, parameter): the same
    on every machine and in every order of asking. `again`: how often the model at work has been in the stack before,
    which draws other numbers.
    """

    def __init__(self, chip: int):
        self.chip, self.again, self._drawn = chip, 0, hashlib.sha256()

    def normal(self, layer: int, parameter: str, shape: tuple[int, ...]) -> numpy.ndarray:
        """Standard normal numbers that belong to one parameter of one layer (-1: the whole chip)."""
        return self._noted(self._philox(layer, parameter).standard_normal(shape))

    def uniform(self, layer: int, parameter: str, shape: tuple[int, ...]) -> numpy.ndarray:
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

    def _philox(self, layer: int, parameter: str) -> numpy.random.Generator:
        return np.random.Generator(np.random.Philox(key=np.frombuffer(self._key(layer, parameter), dtype="<u8")))

    def _noted(self, values: numpy.ndarray) -> numpy.ndarray:
        self._drawn.update(values.tobytes())
        return values
