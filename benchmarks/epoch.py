"""One epoch of training, batches and optimiser included, against SpikingJelly in both layouts of memory.

    python -m benchmarks.epoch [--rounds 5]

STBP with a norm at T = 4, batch 64, AdamW, on `small_cnn` with 1,920 images of Fashion-MNIST (random ones of that size,
where the file is not in `../shared/data`) and on `digits_cnn` with 1,437 images of scikit-learn's digits. Ours makes
its batches by `Samples`, SpikingJelly gets them from torch's DataLoader over normalised tensors in memory. Both start
from the same weights and keep learning from round to round. SpikingJelly computes the first layer T times, ours once.
Equality: as in `step`.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import measure, nets, peers
from benchmarks.measure import Candidate, Row, Table
from benchmarks.step import equality, loss_of
from snn.config import Augment, params
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.data.formats import idx
from snn.data.samples import Samples
from snn.rules import Batch
from snn.training import optimiser as optimise

STEPS, BATCH, IMAGES, LR = 4, 64, 1920, 1e-3
FASHION = ROOT.parent / "shared" / "data" / "FashionMNIST" / "raw"
PEERS = peers.layouts(peers.SPIKINGJELLY)


def rows(rounds: int) -> Iterator[Row]:
    """A table per network."""
    for _, found in tables():
        yield from found.rows(rounds)


def tables() -> Iterator[tuple[str, Table]]:
    """The table of each network, by its name."""
    x_NCHW, y_N, source = fashion()
    yield "small_cnn", table("small_cnn", f"{len(y_N):,} images, {source}", x_NCHW, y_N)
    digits = load_digits()
    x_NCHW, y_N = torch.tensor(digits.images, dtype=torch.uint8)[:1437, None], torch.tensor(digits.target)[:1437]
    yield "digits_cnn", table("digits_cnn", f"{len(y_N):,} images, digits", x_NCHW, y_N)


def fashion() -> tuple[Tensor, Tensor, str]:
    """Images, classes and where they come from."""
    try:
        x_NHW = idx.read(FASHION / "train-images-idx3-ubyte.gz", 3)[:IMAGES]
        y_N = idx.read(FASHION / "train-labels-idx1-ubyte.gz", 1)[:IMAGES].astype(np.int64)
        source = "Fashion-MNIST"
    except InputError:
        generator = np.random.default_rng(0)
        x_NHW = generator.integers(256, size=(IMAGES, 28, 28), dtype=np.uint8)
        y_N = generator.integers(nets.CLASSES, size=IMAGES)
        source = "random"
    return torch.tensor(x_NHW)[:, None], torch.tensor(y_N), source


def table(network: str, data: str, x_NCHW: Tensor, y_N: Tensor) -> Table:
    """Ours and SpikingJelly in both layouts."""
    layers, shape = params.load("networks", network).layers, tuple(x_NCHW.shape[1:])
    ours, absent = nets.training(nets.STBP_NORM, STEPS, layers, shape), peers.missing(PEERS)
    mean, std = x_NCHW.float().mean().view(1), x_NCHW.float().std().view(1)
    part = Samples(x_NCHW, y_N, mean, std)
    candidates = {"ours": Candidate(our_epoch(ours, part), ours.equality())}
    for name in PEERS:
        if name in absent:
            continue
        net, criterion = peers.network(name, ours.student), loss_of(ours.rule)
        candidates[name] = Candidate(peer_epoch(net, criterion, part), equality(net, ours, criterion, "same"))
    return Table("epoch", f"{network}, {data}", STEPS, "ours", candidates, absent)


def our_epoch(ours: nets.Training, part: Samples) -> Callable[[], None]:
    """An epoch by the rule, the batches and the optimiser of the product, as in `snn.training.loop`."""
    training = params.load("methods", "stbp").training
    optimiser, generator = optimise.build(ours.student, training), torch.Generator().manual_seed(0)

    def do() -> None:
        for x, y in part.shuffled(BATCH, Augment(), generator):
            optimiser.zero_grad()
            total = 0.0
            for loss in ours.rule.losses(ours.student, Batch(x, y, {}, 0, 1, generator)):
                loss.backward()
                total += float(loss.detach())
            optimise.step(optimiser, LR)

    return do


def peer_epoch(
    net: torch.nn.Module, criterion: Callable[[Tensor, Tensor], Tensor], part: Samples
) -> Callable[[], None]:
    """The same in the usual way of torch."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-4, fused=True)
    loader = DataLoader(TensorDataset(part.shown(part.x_NX), part.y_N), BATCH, shuffle=True)

    def do() -> None:
        total = 0.0
        for x, y in loader:
            optimiser.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimiser.step()
            total += float(loss.detach())

    return do


if __name__ == "__main__":
    measure.command("epoch", rows, __doc__)
