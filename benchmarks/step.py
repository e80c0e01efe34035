"""A training step by rule and number of steps, beside the same step by the peers and by an ANN.

    python -m benchmarks.step [--rounds 5]

Half-width VGG-11 (8 convolutions of 32 to 256 channels with strides in place of pooling, 2 linear layers), random
images of 3x32x32, batch 32: forward, backward and SGD. Ratios are times over "ANN xT": the same layers with ReLU in
plain torch on a batch of T x 32, channels-last, with a norm if the rule has one. STBP and TET have the neuron that all
peers can express (decay 1/2, threshold 1), tandem and LTL the one they ship with; the step of LTL includes the forward
pass of the teacher, online without a warm-up. Peers compute the first layer T times, since they see the image at every
step; ours computes it once. Equality of ours: relative difference of the loss from the same network by its definition,
which is the plain loop as its neuron, torch's convolutions and no compiled code. Equality of a peer: relative
difference of its loss from ours in float64, where the layout of memory moves no spike. "gradient": of each parameter,
the largest difference of its gradient over the largest number in it; the worst of all parameters.
"ours, bf16": the option `precision: bf16`, where the processor has instructions for it; the bound stays in float32.
"""

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from benchmarks import measure, nets, peers
from benchmarks.measure import Candidate, Equality, Row, Table
from benchmarks.nets import Recipe, Training
from snn.model.network import Network
from snn.pipeline import bfloat16
from snn.rules import Batch, Rule

STEPS = (4, 8)
ALL = tuple(name for peer in (peers.SPIKINGJELLY, peers.SNNTORCH, peers.NORSE) for name in peers.layouts(peer))
CASES: tuple[tuple[Recipe, Sequence[str]], ...] = (
    (nets.STBP, ALL),
    (nets.TET, ()),
    (nets.STBP_NORM, ALL),
    (nets.TET_NORM, peers.layouts(peers.SPIKINGJELLY)),
    (nets.TANDEM, ()),
    (nets.LTL_OFFLINE, ()),
    (nets.LTL_ONLINE, ()),
)
BOUND, MIXED = "ANN xT", "ours, bf16"
Criterion = Callable[[Tensor, Tensor], Tensor]


def rows(rounds: int) -> Iterator[Row]:
    """A table per rule and number of steps."""
    for steps in STEPS:
        for recipe, names in CASES:
            yield from table(recipe, names, steps).rows(rounds)


def table(recipe: Recipe, names: Sequence[str], steps: int) -> Table:
    """The bound, ours and the peers that are here."""
    ours, absent = nets.training(recipe, steps), peers.missing(names)
    norm = ours.student.architecture.norm
    candidates = {
        BOUND: Candidate(nets.ann_step(nets.half_vgg11(), steps, norm), model="ANN"),
        "ours": Candidate(ours.step, ours.equality()),
    }
    if recipe is nets.STBP:
        if bfloat16.instructions():
            candidates[MIXED] = mixed(ours)
        else:
            absent[MIXED] = "this processor has no instructions for bfloat16"
    for name in names:
        if name not in absent:
            candidates[name] = peer(name, ours)
    return Table("step", recipe.name, steps, BOUND, candidates, absent)


def mixed(ours: Training) -> Candidate:
    """The same step with products in bfloat16; the loss differs by its rounding."""
    found, expected = ours.step(mixed=True), ours.step()
    equality = Equality(abs(found - expected) / abs(expected), nets.OF_LOSS)
    return Candidate(lambda: ours.step(mixed=True), equality, "products in bfloat16")


def peer(name: str, ours: Training) -> Candidate:
    """The step of a peer, with the weights of ours, and how its loss differs."""
    net, criterion = peers.network(name, ours.student), loss_of(ours.rule)
    neuron, norm = ours.student.architecture.activation, ours.student.architecture.norm
    model = peers.model(name, neuron, norm is not None)
    return Candidate(step(net, ours.batch, criterion), equality(net, ours, criterion, model), model)


def loss_of(rule: Rule) -> Criterion:
    """The loss of a rule from outputs o_TBK: that of TET, or the squared error of STBP's rates."""
    if hasattr(rule, "tet"):
        return rule.tet

    def squared(o_TBK: Tensor, y_B: Tensor) -> Tensor:
        rates_BK = o_TBK.mean(0)
        target_BK = nn.functional.one_hot(y_B, rates_BK.shape[1]).to(rates_BK.dtype)
        return ((target_BK - rates_BK) ** 2).sum(1).mean()

    return squared


def step(net: nn.Module, batch: Batch, criterion: Criterion) -> Callable[[], float]:
    """Forward, backward and update of a peer's network, its images in its own layout."""
    optimiser = nets.frozen(net)
    own = torch.channels_last if getattr(net, "channels_last", False) else torch.contiguous_format
    x_BCHW = batch.x.contiguous(memory_format=own)

    def do() -> float:
        optimiser.zero_grad()
        loss = criterion(net(x_BCHW), batch.y)
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return do


def equality(net: nn.Module, ours: Training, criterion: Criterion, model: str, batch: int = 4) -> Equality:
    """Of the losses of a peer's network and ours on a few images in float64; of gradients if models are the same."""
    x_BCHW, y_B = ours.batch.x[:batch].double(), ours.batch.y[:batch]
    theirs, student = doubled(net), doubled(ours.student)
    assert isinstance(student, Network)  # noqa: S101 for type checkers
    found, expected = criterion(theirs(x_BCHW), y_B), criterion(student(student.encode(x_BCHW))[0], y_B)
    gradient = None
    if model == "same":
        found.backward()
        expected.backward()
        gradient = nets.farthest(nets.gradients(theirs), nets.gradients(student), student)
    number = float((found - expected).detach().abs() / expected.detach().abs())
    return Equality(number, f"{nets.OF_LOSS}, float64", gradient)


def doubled(net: nn.Module) -> nn.Module:
    """A copy in float64, without gradients."""
    result = copy.deepcopy(net).double()
    result.zero_grad()
    return result


if __name__ == "__main__":
    measure.command("step", rows, __doc__)
