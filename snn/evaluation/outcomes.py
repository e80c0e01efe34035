"""The outcome of every test sample in every row of a table: whether its class was right, or its squared error.

Intervals need them, since test samples are drawn like seeds. A file holds one tensor, `outcomes`, with a row for each
row of the table beside it, and the number of samples as its document: bits for classes, eight samples a byte as
numpy.packbits lays them, or single-precision numbers for errors. No torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snn.core import stored
from snn.core.errors import InputError

NAME = "outcomes.safetensors"


@dataclass(frozen=True)
class Outcomes:
    """`kept_RX`: bits (R, ceil(N / 8)) or numbers (R, N), for R rows and N samples."""

    kept_RX: np.ndarray
    samples: int

    @classmethod
    def of(cls, values_RN: np.ndarray, binary: bool) -> "Outcomes":
        """Outcomes from their values; `binary`: they are 0 or 1."""
        kept = np.packbits(values_RN != 0, axis=1) if binary else values_RN.astype(np.float32)
        return cls(kept, values_RN.shape[1])

    @classmethod
    def joined(cls, parts: Sequence["Outcomes"]) -> "Outcomes":
        """The rows of several tables with the same samples, one below the other."""
        return cls(np.concatenate([part.kept_RX for part in parts]), parts[0].samples)

    @property
    def binary(self) -> bool:
        """Whether every outcome is 0 or 1."""
        return self.kept_RX.dtype == np.uint8

    def values(self, rows: Sequence[int]) -> np.ndarray:
        """The outcomes of some rows, (len(rows), N) in double precision."""
        kept = self.kept_RX[list(rows)]
        return (np.unpackbits(kept, axis=1, count=self.samples) if self.binary else kept).astype(np.float64)

    def write(self, path: Path) -> Path:
        """Write a file that `read` reads."""
        return stored.write_tensors(path, {"outcomes": self.kept_RX}, {"samples": self.samples})


def read(path: Path, rows: int, remedy: str) -> Outcomes:
    """The outcomes in a file; raises InputError naming it, with `remedy`, if it does not hold those of so many rows."""
    tensors, document = stored.read_tensors(path, remedy)
    kept, samples = tensors.get("outcomes"), document.get("samples") if isinstance(document, dict) else None
    if kept is not None and isinstance(samples, int):
        width = -(-samples // 8) if kept.dtype == np.uint8 else samples
        if kept.shape == (rows, width) and kept.dtype in (np.uint8, np.float32):
            return Outcomes(kept, samples)
    raise InputError(path, f"does not hold the outcomes of {rows} rows", remedy)
