"""Inference with exact counts of operations, against without, and NeuroBench's counting of its own network.

    python -m benchmarks.inference [--rounds 5]

Half-width VGG-11 without biases, T = 4, batch 32, neurons that reset by subtraction. Ours: plain inference, again plain
inference (the noise of the machine), and `Counter.scores`. NeuroBench: the same network as a loop over steps in plain
torch, with the hooks of its SynapticOperations and without. All weights and images are multiples of a power of two, so
that sums are exact in any order. Equality of our counter: scores that differ from those of plain inference. Equality of
NeuroBench: the relative difference of its accumulates from ours.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks import measure, nets, peers
from benchmarks.measure import Candidate, Equality, Row, Table
from snn.core.errors import InputError
from snn.energy.counter import Counter, total
from snn.model.network import Network
from snn.model.spec import Conv, Linear, Neuron
from snn.rules import Task
from snn.training.records import QUIET

STEPS = 4
NEURON = Neuron(decay=0.5, threshold=0.5, reset="subtract", fires="at", surrogate="rectangle", width=0.5, height=1.0)


def rows(rounds: int) -> Iterator[Row]:
    """Ours, then NeuroBench's."""
    net, (x_BCHW, y_B) = build(), dyadic_images()
    with torch.no_grad():
        yield from ours(net, x_BCHW).rows(rounds)
        yield from neurobench(net, x_BCHW, y_B).rows(rounds)


def build() -> Network:
    """The network: weights are multiples of 1/64, none of them zero, large enough for every layer to fire."""
    layers = tuple(_unbiased(layer) for layer in nets.half_vgg11())
    torch.manual_seed(0)
    net = Network(Task(nets.SHAPE, nets.CLASSES, layers, STEPS).architecture(activation=NEURON, norm=None))
    net.requires_grad_(False).eval()
    for layer in net.layers:
        weight = torch.round(layer.op.weight * 4 * 64)
        layer.op.weight.copy_(torch.where(weight == 0, 1.0, weight) / 64)
        if layer.op.bias is not None:
            layer.op.bias.zero_()
    return net


def _unbiased(layer: Conv | Linear) -> Conv | Linear:
    return layer.model_copy(update={"bias": False})


def dyadic_images() -> tuple[Tensor, Tensor]:
    """Random images of multiples of 1/8, none of them zero, and classes."""
    x_BCHW, y_B = nets.images()
    x_BCHW = torch.round(x_BCHW * 8)
    return torch.where(x_BCHW == 0, 1.0, x_BCHW) / 8, y_B


def ours(net: Network, x_BCHW: Tensor) -> Table:
    """With and without the counter."""
    counter = Counter(net)
    differ = int((counter.scores(x_BCHW) != net.predict(x_BCHW)).sum())
    work = counter.operations()
    rate = min(one.spikes / one.neuron_updates for one in work[:-1])
    if rate < QUIET:
        raise InputError("inference", f"a layer fires in {rate:.2%} of its steps", "give it larger weights")
    candidates = {
        "without counts": Candidate(lambda: net.predict(x_BCHW)),
        "again without": Candidate(lambda: net.predict(x_BCHW)),
        "exact counts": Candidate(lambda: counter.scores(x_BCHW), Equality(differ, "scores differ")),
    }
    return Table("inference", "ours", STEPS, "without counts", candidates, {})


def neurobench(net: Network, x_BCHW: Tensor, y_B: Tensor) -> Table:
    """NeuroBench's hooks against the same network without them."""
    case, reference, hooked = "NeuroBench", "its network, no hooks", "its network, SynapticOperations"
    if absent := peers.missing([peers.NEUROBENCH]):
        return Table("inference", case, STEPS, reference, {}, {hooked: absent[peers.NEUROBENCH]})
    from benchmarks.neurobench_fixture import Plain, synaptic_operations

    plain = Plain(net)
    counter = Counter(net)
    counter.scores(x_BCHW)
    expected = total(counter.operations()).acs
    found = synaptic_operations(plain, x_BCHW, y_B)["Effective_ACs"]
    equal = Equality(abs(found - expected) / expected, "relative difference of accumulates")
    candidates = {
        reference: Candidate(lambda: plain(x_BCHW), model="plain torch, step by step"),
        hooked: Candidate(lambda: synaptic_operations(plain, x_BCHW, y_B), equal),
        "ours, exact counts": Candidate(lambda: counter.scores(x_BCHW), model="ours"),
    }
    return Table("inference", case, STEPS, reference, candidates, {})


if __name__ == "__main__":
    measure.command("inference", rows, __doc__)
