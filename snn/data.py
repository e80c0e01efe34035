"""Prepared tensors on the device: batches, augmentation, normalisation. No worker processes.

A prepared file holds `x_<part>` as uint8 (N, C, H, W) and `y_<part>` as int64 (N,) for each of its parts, and
statistics of the training part: mean and standard deviation a channel, in units of the stored numbers.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from snn import files
from snn.errors import InputError
from snn.kinds import Augment


@dataclass(frozen=True)
class Split:
    """Images as stored, uint8 (N, C, H, W), their classes (N,), and how to normalise them.

    With `white`, the goal is not the class but the image itself, flattened, as shares of that number.
    """

    x_NCHW: Tensor
    y_N: Tensor
    mean_C: Tensor
    std_C: Tensor
    white: int | None = None

    def __len__(self) -> int:
        return len(self.y_N)

    def take(self, indices: Tensor) -> "Split":
        """Some of the samples."""
        return dataclasses.replace(self, x_NCHW=self.x_NCHW[indices], y_N=self.y_N[indices])

    def normalised(self, x_BCHW: Tensor) -> Tensor:
        """(x - mean) / std a channel, float32."""
        return (x_BCHW.float() - self.mean_C[:, None, None]) / self.std_C[:, None, None]

    def goal(self, x_BCHW: Tensor, y_B: Tensor) -> Tensor:
        """What a network is to answer: classes (B,), or shares of white (B, C H W)."""
        return y_B if self.white is None else x_BCHW.flatten(1).float() / self.white

    def in_order(self, batch: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
        """(x_BCHW, goal) batch by batch, as they lie."""
        for x_BCHW, y_B in zip(self.x_NCHW.split(batch), self.y_N.split(batch), strict=True):
            yield self.normalised(x_BCHW), self.goal(x_BCHW, y_B)

    def shuffled(self, batch: int, augment: Augment, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """(x_BCHW, goal) in an order and with changes that `generator` (on the CPU) draws."""
        order = torch.randperm(len(self), generator=generator)
        for indices in order.to(self.y_N.device).split(batch):
            x_BCHW = augmented(self.x_NCHW[indices], augment, generator)
            yield self.normalised(x_BCHW), self.goal(x_BCHW, self.y_N[indices])


def augmented(x_BCHW: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """Each image shifted (zeros move in) and mirrored on its own; same type and shape."""
    if augment.shift:
        s, (height, width) = augment.shift, x_BCHW.shape[-2:]
        padded = F.pad(x_BCHW, (s, s, s, s))
        offsets = torch.randint(2 * s + 1, (2, len(x_BCHW), 1), generator=generator).to(x_BCHW.device)
        rows = (offsets[0] + torch.arange(height, device=x_BCHW.device))[:, None, :, None]
        columns = (offsets[1] + torch.arange(width, device=x_BCHW.device))[:, None, None, :]
        sample = torch.arange(len(x_BCHW), device=x_BCHW.device)[:, None, None, None]
        channel = torch.arange(x_BCHW.shape[1], device=x_BCHW.device)[None, :, None, None]
        x_BCHW = padded[sample, channel, rows, columns]
    if augment.flip:
        mirror = (torch.rand(len(x_BCHW), generator=generator) < 0.5).to(x_BCHW.device)
        x_BCHW = torch.where(mirror[:, None, None, None], x_BCHW.flip(-1), x_BCHW)
    return x_BCHW


def load(path: Path, device: torch.device) -> dict[str, Split]:
    """The parts of a prepared file; raises InputError naming it."""
    remedy = f"remove {path.parent} and start the workflow again"
    arrays, metadata = files.read_tensors(path, remedy)
    try:
        mean_C, std_C = (torch.tensor(metadata["statistics"][key], device=device) for key in ("mean", "std"))
        return {
            part: Split(
                *(torch.tensor(arrays[f"{key}_{part}"], device=device) for key in "xy"),
                mean_C,
                std_C,
                metadata["white"],
            )
            for part in metadata["parts"]
        }
    except (KeyError, TypeError) as error:
        raise InputError(path, f"is no prepared data set of this version ({error})", remedy) from error


def stream(*identity: object) -> int:
    """A seed for whatever `identity` names: randomness belongs to (seed, epoch, purpose), not to a process."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, identity)).encode()).digest()[:7])


def generator(*identity: object) -> torch.Generator:
    """A generator on the CPU, seeded by `stream`."""
    return torch.Generator().manual_seed(stream(*identity))
