"""Batches alone: ours against torch's DataLoader, and as a share of a training step.

    python -m benchmarks.loading [--rounds 5]

One epoch over 10,000 images of CIFAR-10's size, cropped after padding by 4, mirrored and standardised, batch 128: our
prepared file, memory-mapped, against CIFAR10 in a DataLoader with 0 and 2 workers, start of the workers included. The
clock is the wall's, since workers are processes of their own. The last row is the time of making a batch over the time
of making it and training on it: tandem learning on its CifarNet, T = 4, batch 32, one thread. Images are random, which
takes as long as real ones. docs/data.md points here.
"""

import functools
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from benchmarks import measure
from benchmarks.measure import Candidate, Row, Table
from snn import rules
from snn.config import Augment, params
from snn.config import Dataset as Described
from snn.core import seeds
from snn.data import prepare, samples
from snn.data.loaders import Raw
from snn.data.samples import Samples
from snn.rules import Batch, Task
from snn.training.optimiser import build, step

BATCH, IMAGES, STEPS, AUGMENT = 128, 10_000, 4, Augment(shift=4, flip=True)
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


class Pictures(Dataset):
    """The work of a loaded torchvision.datasets.CIFAR10: an array in memory, and one PIL image per sample."""

    def __init__(self, x_NHWC: np.ndarray, y_N: np.ndarray):
        self.x_NHWC, self.y_N = x_NHWC, y_N
        self.transform = v2.Compose(
            [
                v2.RandomCrop(32, padding=4),
                v2.RandomHorizontalFlip(),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.y_N)

    def __getitem__(self, i: int) -> tuple:
        return self.transform(Image.fromarray(self.x_NHWC[i])), self.y_N[i]


def prepared(x_NCHW: np.ndarray, y_N: np.ndarray, folder: Path) -> Samples:
    """The images as the training part of a prepared file."""
    ends = {"train": np.arange(len(y_N) - 20), "validation": np.arange(len(y_N) - 20, len(y_N)), "test": np.arange(10)}
    raw = Raw(x_NCHW.__getitem__, y_N, [str(i) for i in range(10)], ends)
    about = {"source": "random", "loader": "arrays", "raw": "random", "input_shape": (3, 32, 32), "classes": 10}
    job = types.SimpleNamespace(name="random", digest="0" * 12, raw=Path(), dataset=Described(**about, options={}))
    prepare.run(job, types.SimpleNamespace(load=lambda options, path: raw), folder)
    return samples.load(folder / "train.safetensors", torch.device("cpu"))["train"]


def tandem_step() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """One update of tandem learning on its CifarNet, T = 4."""
    method = params.load("methods", "paper_tandem")
    rule = rules.load(method.rule, "paper_tandem")(method.options)
    network = params.load("networks", "tandem_cifarnet")
    torch.manual_seed(0)
    student = rule.student(Task((3, 32, 32), 10, network.layers, STEPS), {}, None)
    optimiser = build(student, method.training)

    def update(x: torch.Tensor, y: torch.Tensor) -> None:
        optimiser.zero_grad()
        for loss in rule.losses(student, Batch(x, y, {}, 0, 1, torch.Generator())):
            loss.backward()
        step(optimiser, 1e-4)

    return update


def loaders(x_NHWC: np.ndarray, y_N: np.ndarray, part: Samples) -> Table:
    """Ours, and DataLoaders over the same images; each candidate runs through one epoch."""
    peer = Pictures(x_NHWC, y_N)
    makers: dict[str, Callable[[], Iterable]] = {
        "ours": lambda: part.shuffled(BATCH, AUGMENT, seeds.generator("loading")),
        "DataLoader, 0 workers": lambda: DataLoader(peer, BATCH, shuffle=True),
        "DataLoader, 2 workers": lambda: DataLoader(peer, BATCH, shuffle=True, num_workers=2),
    }
    candidates = {name: Candidate(functools.partial(exhaust, make)) for name, make in makers.items()}
    return Table("loading", f"epoch of {IMAGES:,} images", None, "ours", candidates, {})


def exhaust(make: Callable[[], Iterable]) -> None:
    """Run through all batches."""
    for _ in make():
        pass


def share(part: Samples) -> Table:
    """A batch alone, and a batch with the step of tandem learning that it feeds."""
    update = tandem_step()

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        return next(part.shuffled(32, AUGMENT, seeds.generator("share")))

    candidates = {"batch and step": Candidate(lambda: update(*batch())), "batch": Candidate(batch)}
    return Table("loading", "share of a tandem step", STEPS, "batch and step", candidates, {})


def rows(rounds: int) -> Iterator[Row]:
    """Both tables."""
    generator = np.random.default_rng(0)
    x_NHWC = generator.integers(256, size=(IMAGES, 32, 32, 3), dtype=np.uint8)
    y_N = generator.integers(10, size=IMAGES)
    with tempfile.TemporaryDirectory() as folder:
        part = prepared(np.ascontiguousarray(x_NHWC.transpose(0, 3, 1, 2)), y_N, Path(folder))
        yield from loaders(x_NHWC, y_N, part).rows(rounds, time.perf_counter)
        yield from share(part).rows(rounds)


if __name__ == "__main__":
    measure.command("loading", rows, __doc__)
