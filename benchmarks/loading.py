"""Speed of data loading: ours against torch's DataLoader, and as a share of a training step.

    python -m benchmarks.loading [--images 10000] [--rounds 5]

One epoch over images of CIFAR-10's size, cropped after padding by 4, mirrored and standardised, batch 128, one torch
thread: our prepared file, memory-mapped, against CIFAR10 in a DataLoader with 0 and 2 workers. Rounds are interleaved.
Prints samples per second, and the median, smallest and largest ratio to ours per round. Then prints the share of wall
time that loading takes in a training step of tandem learning on its CifarNet, T = 4, batch 32, two threads. Images are
random, which takes as long as real ones. The tables of docs/data.md come from here.
"""

import argparse
import statistics
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from snn.config import Augment, params
from snn.config import Dataset as Described
from snn.core import seeds
from snn.data import prepare, samples
from snn.data.loaders import Raw
from snn.data.samples import Samples
from snn.rules import Batch, Task
from snn.training.optimiser import build, step

BATCH, AUGMENT = 128, Augment(shift=4, flip=True)
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


def samples_per_second(batches: Callable) -> float:
    """Speed over one epoch, including the start of workers."""
    start, seen = time.perf_counter(), 0
    for _, y in batches():
        seen += len(y)
    return seen / (time.perf_counter() - start)


def tandem_step() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """One update of tandem learning on its CifarNet, T = 4."""
    method = params.load_method("paper_tandem", {}, Path())
    rule = params.load_plugin("rules", method.rule, "paper_tandem").Rule(method.options)
    network = params.load("networks", "tandem_cifarnet")
    torch.manual_seed(0)
    student = rule.student(Task((3, 32, 32), 10, network.layers, 4), {}, None)
    optimiser = build(student, method.training)

    def update(x: torch.Tensor, y: torch.Tensor) -> None:
        optimiser.zero_grad()
        for loss in rule.losses(student, Batch(x, y, {}, 0, 1, torch.Generator())):
            loss.backward()
        step(optimiser, 1e-4)

    return update


def share_of_a_step(part: Samples, steps: int = 3) -> float:
    """Wall time of making batches of 32, as a share of the time for making them and training on them."""
    update, making, start = tandem_step(), 0.0, time.perf_counter()
    batches = part.shuffled(32, AUGMENT, seeds.generator("share"))
    for _ in range(steps):
        begin = time.perf_counter()
        batch = next(batches)
        making += time.perf_counter() - begin
        update(*batch)
    return making / (time.perf_counter() - start)


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--images", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    x_NHWC = generator.integers(256, size=(chosen.images, 32, 32, 3), dtype=np.uint8)
    y_N = generator.integers(10, size=chosen.images)
    with tempfile.TemporaryDirectory() as folder:
        part = prepared(np.ascontiguousarray(x_NHWC.transpose(0, 3, 1, 2)), y_N, Path(folder))
        peer = Pictures(x_NHWC, y_N)
        contestants = {
            "ours": lambda: part.shuffled(BATCH, AUGMENT, seeds.generator("loading")),
            "DataLoader, 0 workers": lambda: DataLoader(peer, BATCH, shuffle=True),
            "DataLoader, 2 workers": lambda: DataLoader(peer, BATCH, shuffle=True, num_workers=2),
        }
        rounds = [{name: samples_per_second(make) for name, make in contestants.items()} for _ in range(chosen.rounds)]
        print("| loader | samples/s | ours is faster by |\n|---|---|---|")
        for name in contestants:
            ratios = sorted(speeds["ours"] / speeds[name] for speeds in rounds)
            speed = statistics.median(speeds[name] for speeds in rounds)
            print(f"| {name} | {speed:,.0f} | {statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f}) |")
        torch.set_num_threads(2)
        shares = sorted(100 * share_of_a_step(part) for _ in range(chosen.rounds))
    print(f"\nshare of a tandem step: {statistics.median(shares):.2f} % ({shares[0]:.2f} to {shares[-1]:.2f})")


if __name__ == "__main__":
    main()
