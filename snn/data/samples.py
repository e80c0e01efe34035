"""Batches of prepared samples, augmented and normalised on the device. No worker processes.

A prepared file holds for each of its parts `x_<part>`, uint8, images (N, C, H, W) or frames of events (N, T, C, H, W),
and `y_<part>`, int64 (N,). Its metadata hold the mean and standard deviation per channel, of the training part or as
the data set states them, in units of the stored numbers. The file is mapped into memory: a page is read on its first
use.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from snn.config import Augment
from snn.core import stored
from snn.core.errors import InputError, remake
from snn.data.augment import augmented, cut_out

RESIDENT = 4 << 30  # bytes; larger parts are copied to the accelerator batch by batch


@dataclass(frozen=True)
class Samples:
    """Samples as stored, (N, C, H, W) or (N, T, C, H, W), their classes (N,), and how to show them to a network.

    `normalise`: "standard", (x - mean) / std per channel; "white", x / white; "none". With task "reconstruction", the
    goal is not the class but the flattened image, x / white. `spikes`: frames hold only zeros and ones.
    """

    x_NX: Tensor
    y_N: Tensor
    mean_C: Tensor
    std_C: Tensor
    normalise: str = "standard"
    white: int = 255
    task: str = "classification"
    spikes: bool = False

    def __len__(self) -> int:
        return len(self.y_N)

    def take(self, indices: Tensor) -> "Samples":
        """The samples with these indices."""
        return dataclasses.replace(self, x_NX=self.x_NX[indices.to(self.x_NX.device)], y_N=self.y_N[indices])

    def shown(self, x_BX: Tensor) -> Tensor:
        """Stored samples as a network gets them: float32, normalised, frames with time first (T, B, C, H, W)."""
        x = x_BX.float()
        if self.normalise == "standard":
            x = (x - self.mean_C[:, None, None]) / self.std_C[:, None, None]
        elif self.normalise == "white":
            x = x / self.white
        return x.transpose(0, 1) if x.dim() == 5 else x

    def goal(self, x_BX: Tensor, y_B: Tensor) -> Tensor:
        """The targets: classes (B,), or x / white (B, C H W) for a reconstruction."""
        return y_B if self.task == "classification" else x_BX.flatten(1).float() / self.white

    def in_order(self, batch: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (x, goal) in the stored order."""
        for x_BX, y_B in zip(self.x_NX.split(batch), self.y_N.split(batch), strict=True):
            x_BX = x_BX.to(y_B.device)
            yield self.shown(x_BX), self.goal(x_BX, y_B)

    def shuffled(
        self, batch: int, augment: Augment | None, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (x, goal), shuffled and, unless `augment` is None, augmented by `generator` on the CPU."""
        for indices in torch.randperm(len(self), generator=generator).split(batch):
            x_BX = self.x_NX[indices.to(self.x_NX.device)].to(self.y_N.device)
            x_BX = augmented(x_BX, augment, generator) if augment else x_BX
            y_B, shown = self.y_N[indices.to(self.y_N.device)], self.shown(x_BX)
            yield cut_out(shown, augment.cutout, generator) if augment else shown, self.goal(x_BX, y_B)


def load(path: Path, device: torch.device, remedy: str | None = None) -> dict[str, Samples]:
    """The parts of a prepared file; raises InputError naming the file, with `remedy` or `remake` of its folder."""
    remedy = remedy or remake(path.parent)
    tensors, metadata = stored.read_tensors(path, remedy, "pt")
    try:
        mean_C, std_C = (torch.tensor(metadata["statistics"][key], device=device) for key in ("mean", "std"))
        how = {key: metadata[key] for key in ("normalise", "white", "task", "spikes")}
        return {
            part: Samples(_placed(tensors[f"x_{part}"], device), tensors[f"y_{part}"].to(device), mean_C, std_C, **how)
            for part in metadata["parts"]
        }
    except (KeyError, TypeError) as error:
        raise InputError(path, f"is no prepared data set of this version ({error})", remedy) from error


def _placed(x_NX: Tensor, device: torch.device) -> Tensor:
    return x_NX if device.type == "cpu" or x_NX.nbytes > RESIDENT else x_NX.to(device)
