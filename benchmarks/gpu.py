"""Neuron and training step on a CUDA device, where there is one.

    python -m benchmarks.gpu [--rounds 5]

The neuron [16, 64, 64, 32, 32] with a triangle, forward and backward: ours against SpikingJelly's LIFNode, which takes
its CUDA or Triton kernel by itself (its variable SJ_LIF_CUDA_IMPLEMENTATION forces one). ResNet-19 of TET, T = 4, batch
64, convolutions in bfloat16 by autocast: as a ratio to "ANN xT", the same layers with ReLU on a batch of T x 64; images
per second are 64 over the time. Times are of the wall clock, until the device is idle.
"""

import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

from benchmarks import measure, nets, neuron, peers
from benchmarks.measure import Candidate, Row, Table
from snn.config import params
from snn.model.network import Network
from snn.model.spec import Norm, Relu
from snn.rules import Task

NEURONS, STEPS, BATCH = (16, 64, 64, 32, 32), 4, 64
CASES = {"neuron, triangle": "ours", "ResNet-19, bfloat16": "ANN xT"}


def rows(rounds: int) -> Iterator[Row]:
    """Both tables, or a row each that tells why not."""
    if not torch.cuda.is_available():
        for case in CASES:
            yield Row("gpu", case, None, "ours", note=measure.NOT_HERE + "no CUDA device", **measure.machine())
        return
    for table in (neurons(), resnet()):
        yield from table.rows(rounds, clock)


def clock() -> float:
    """Seconds of the wall clock, once the device has done all work."""
    torch.cuda.synchronize()
    return time.perf_counter()


def neurons() -> Table:
    """Ours, the plain loop, and SpikingJelly's best."""
    generator = torch.Generator("cuda").manual_seed(0)
    x_TBN = 1.5 * torch.randn(*NEURONS, generator=generator, device="cuda")
    g_TBN = torch.randn(*NEURONS, generator=generator, device="cuda")
    triangle, name = nets.TRIANGLE, peers.SPIKINGJELLY
    runs: dict[str, neuron.Run] = {
        "ours": lambda x: neuron.ours.fire(x, triangle)[0],
        "plain loop": lambda x: neuron.loop(x, triangle)[0],
    }
    absent = peers.missing([name])
    if not absent:
        runs[name] = peers.neurons(name, triangle)
    candidates = {
        label: Candidate(neuron.step(run, x_TBN, g_TBN), neuron.equality(run, triangle, x_TBN, g_TBN))
        for label, run in runs.items()
    }
    return Table("gpu", "neuron, triangle", NEURONS[0], "ours", candidates, absent)


def resnet() -> Table:
    """Ours beside the same layers with ReLU; see `value` for milliseconds per T x 64 images."""
    layers = params.load("networks", "resnet19").layers
    rule = nets.TET_NORM.rule()
    task = Task(nets.SHAPE, nets.CLASSES, layers, STEPS)
    torch.manual_seed(0)
    student = rule.student(task, {}, None).cuda().train()
    static = Task(nets.SHAPE, nets.CLASSES, layers, 1).architecture(activation=Relu(), norm=Norm())
    ann = Network(static).cuda().train()
    candidates = {
        "ANN xT": Candidate(step(lambda x, y: nn.functional.cross_entropy(ann.predict(x), y), ann, STEPS * BATCH)),
        "ours": Candidate(step(lambda x, y: rule.tet(student(student.encode(x))[0], y), student, BATCH)),
    }
    return Table("gpu", "ResNet-19, bfloat16", STEPS, "ANN xT", candidates, {})


def step(
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], net: nn.Module, batch: int
) -> Callable[[], None]:
    """Forward, backward and update on the device."""
    x_BCHW, y_B = (tensor.cuda() for tensor in nets.images(batch=batch))
    optimiser = nets.frozen(net)

    def do() -> None:
        optimiser.zero_grad()
        with torch.autocast("cuda", torch.bfloat16):
            loss = loss_of(x_BCHW, y_B)
        loss.backward()
        optimiser.step()

    return do


if __name__ == "__main__":
    measure.command("gpu", rows, __doc__)
