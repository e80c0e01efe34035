"""The neuron alone: leaky, reset to zero, forward and backward, beside SpikingJelly, snnTorch, norse and a plain loop.

    python -m benchmarks.neuron [--rounds 5]

Random currents with standard deviation 1.5, decay 1/2, threshold 1, gradients random. Ratios are times over ours. The
plain loop is differentiated by torch (`benchmarks/readable.py`); "ours, in torch" is `fire` without its compiled form,
if it has one. SpikingJelly has a registered operator for the triangle only. Equality is the number of spikes that
differ from those of the plain loop with the neuron that the candidate really has; "gradient" is the largest difference
of gradients over the largest gradient, both on eight samples. snnTorch does not differentiate its reset, norse has no
rectangle. "copies of the same bytes" is no neuron: a copy of x, and a sum of x and the gradient into a third tensor,
which read and write what a neuron has to, forward and backward, and are set up as its tensors are.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks import measure, peers
from benchmarks.measure import Candidate, Equality, Row, Table, apart
from benchmarks.nets import RECTANGLE, TRIANGLE
from benchmarks.readable import loop
from benchmarks.targets import COPIES
from snn.model import neuron as ours
from snn.model.spec import Neuron

CASES = (
    ("rectangle", RECTANGLE, (4, 64, 64, 32, 32)),
    ("triangle", TRIANGLE, (4, 64, 64, 32, 32)),
    ("rectangle", RECTANGLE, (8, 32, 128, 16, 16)),
    ("rectangle", RECTANGLE, (4, 32, 32, 16, 16)),
    ("rectangle", RECTANGLE, (4, 32, 256)),
)
PEERS = (peers.SPIKINGJELLY, peers.SNNTORCH, peers.NORSE)
Run = Callable[[Tensor], Tensor]


def rows(rounds: int) -> Iterator[Row]:
    """A table per shape and surrogate."""
    for surrogate, neuron, shape in CASES:
        yield from table(f"{surrogate}, {'x'.join(map(str, shape))}", neuron, shape).rows(rounds)


def table(case: str, neuron: Neuron, shape: tuple[int, ...]) -> Table:
    """All candidates that are here, compared with the plain loop."""
    generator = torch.Generator().manual_seed(0)
    x_TBN = 1.5 * torch.randn(*shape, generator=generator)
    g_TBN = torch.randn(*shape, generator=generator)
    absent = peers.missing(PEERS)
    runs: dict[str, Run] = {"ours": lambda x: ours.fire(x, neuron)[0]}
    if (readable := in_torch(neuron)) is not None:
        runs["ours, in torch"] = readable
    runs["plain loop"] = lambda x: loop(x, neuron)[0]
    candidates = {
        name: Candidate(step(run, x_TBN, g_TBN), equality(run, neuron, x_TBN, g_TBN)) for name, run in runs.items()
    }
    for name in PEERS:
        if name not in absent:
            candidates[name] = peer(name, neuron, x_TBN, g_TBN)
    candidates[COPIES] = Candidate(step(_Copies.apply, x_TBN, g_TBN), model="no neuron")
    return Table("neuron", case, shape[0], "ours", candidates, absent)


def peer(name: str, neuron: Neuron, x_TBN: Tensor, g_TBN: Tensor) -> Candidate:
    """The neurons of a peer, on x as they need it."""
    run, factor = peers.neurons(name, neuron)
    same = equality(lambda x: run(factor * x), peers.matched(name, neuron), x_TBN, g_TBN)
    return Candidate(step(run, factor * x_TBN, g_TBN), same, peers.model(name, neuron))


class _Copies(torch.autograd.Function):
    """Reads and writes as much as a neuron has to: x to spikes, then x and the gradient of spikes to that of x."""

    @staticmethod
    def forward(ctx: Any, x_TBN: Tensor) -> Tensor:
        ctx.save_for_backward(x_TBN)
        return x_TBN.clone()

    @staticmethod
    def backward(ctx: Any, g_TBN: Tensor) -> Tensor:
        (x_TBN,) = ctx.saved_tensors
        return x_TBN + g_TBN


def in_torch(neuron: Neuron) -> Run | None:
    """`fire` without its compiled form, or None if there is no such form."""
    if find_spec("snn.model.native") is None:
        return None

    def run(x_TBN: Tensor) -> Tensor:
        with patch("snn.model.native.library", lambda dtype: None):
            return ours.fire(x_TBN, neuron)[0]

    return run


def step(run: Run, x_TBN: Tensor, g_TBN: Tensor) -> Callable[[], None]:
    """Forward and backward; the gradient of x is made again at every call, as inside a network."""

    def do() -> None:
        backward(run, x_TBN, g_TBN)

    return do


def backward(run: Run, x_TBN: Tensor, g_TBN: Tensor) -> tuple[Tensor, Tensor]:
    """Spikes, and the gradient of x."""
    x_TBN = x_TBN.detach().requires_grad_()
    s_TBN = run(x_TBN)
    s_TBN.backward(g_TBN)
    assert x_TBN.grad is not None  # noqa: S101 for type checkers
    return s_TBN.detach(), x_TBN.grad


def equality(run: Run, really: Neuron, x_TBN: Tensor, g_TBN: Tensor) -> Equality:
    """Against the plain loop with the neuron that the candidate really has, on the first samples."""
    x_TBN, g_TBN = x_TBN[:, :8].contiguous(), g_TBN[:, :8].contiguous()
    found, expected = backward(run, x_TBN, g_TBN), backward(lambda x: loop(x, really)[0], x_TBN, g_TBN)
    spikes = int((found[0] != expected[0]).sum())
    return Equality(spikes, f"of {x_TBN.numel():,} spikes differ", apart(found[1], expected[1]))


if __name__ == "__main__":
    measure.command("neuron", rows, __doc__)
