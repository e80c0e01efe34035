"""Operations of a small network as NeuroBench counts them, for `tests/test_energy.py` to compare with.

NeuroBench is no dependency of this project; give it an environment of its own, outside the repository, and run from the
root of the repository:

    python3.11 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install torch==2.13.0 neurobench==2.3.0 pydantic safetensors
    ENVIRONMENT/bin/python -m benchmarks.neurobench_fixture

writes tests/fixtures/neurobench.safetensors (the network, with the images in its metadata) and neurobench.json (what
NeuroBench counts a sample, over all steps). The network is one on which both mean the same: no bias, no weight and no
image value is zero, no average pooling, analog images that are not binary. Every number in it is a multiple of a power
of two, so that sums are exact in any order and spikes the same on every machine.
"""

from importlib.metadata import version
from pathlib import Path

import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.workload import SynapticOperations
from neurobench.models import TorchModel
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from snn import files, network
from snn.network import Network
from snn.spec import Architecture, Conv, Linear, MaxPool, Neuron, Readout

FOLDER = Path("tests") / "fixtures"
SAMPLES, BATCH, STEPS = 8, 4, 5
ARCHITECTURE = Architecture(
    input_shape=(2, 11, 10),
    outputs=5,
    layers=(
        Conv(conv=8),
        Conv(conv=12, stride=2, groups=4),
        Conv(conv=8, kernel=2, padding=0),
        MaxPool(max_pool=2),
        Linear(linear=24),
    ),
    steps=STEPS,
    activation=Neuron(
        decay=0.5, threshold=0.75, reset="subtract", fires="at", surrogate="rectangle", width=0.5, height=1.0
    ),
    norm=None,
    readout=Readout(over_steps="sum"),
)


def nonzero(generator: torch.Generator, shape: torch.Size, unit: float, most: int) -> Tensor:
    """Multiples of `unit`, of both signs, none of them zero."""
    size = torch.randint(1, most + 1, shape, generator=generator)
    return unit * size * (2 * torch.randint(2, shape, generator=generator) - 1)


def build(generator: torch.Generator) -> Network:
    """The network, in numbers that float32 adds without rounding."""
    net = Network(ARCHITECTURE).requires_grad_(False).eval()
    for layer in net.layers:
        if layer.programmable:
            layer.op.weight.copy_(nonzero(generator, layer.op.weight.shape, 1 / 32, 15))
            layer.op.bias.zero_()
    return net


class Plain(nn.Module):
    """The same network as torch users write one: layers without bias, a loop over time, a membrane for each."""

    def __init__(self, source: Network):
        super().__init__()
        self.layers = nn.ModuleList()
        for layer in source.layers:
            op = layer.op
            if isinstance(op, nn.Conv2d):
                plain = nn.Conv2d(
                    op.in_channels, op.out_channels, op.kernel_size, op.stride, op.padding, groups=op.groups, bias=False
                )
            elif isinstance(op, nn.Linear):
                plain = nn.Sequential(nn.Flatten(), nn.Linear(op.in_features, op.out_features, bias=False))
            else:
                plain = nn.MaxPool2d(op.kernel_size)
            if layer.programmable:
                weight = plain[1].weight if isinstance(plain, nn.Sequential) else plain.weight
                weight.data = op.weight.detach().clone()
            self.layers.append(plain)

    def forward(self, image: Tensor) -> Tensor:
        """Images to scores: the sum of the last currents."""
        neuron, last = ARCHITECTURE.activation, self.layers[-1]
        membranes, scores = [0.0] * len(self.layers), 0.0
        for _ in range(STEPS):
            y = image
            for i, layer in enumerate(self.layers):
                y = layer(y)
                if layer is last or isinstance(layer, nn.MaxPool2d):
                    continue
                u = membranes[i] + y
                y = (u >= neuron.threshold).float()
                membranes[i] = neuron.decay * u - neuron.threshold * y
            scores = scores + y
        return scores


def main() -> None:
    """Build the network, let NeuroBench count, write both files."""
    generator = torch.Generator().manual_seed(0)
    net = build(generator)
    images = nonzero(generator, torch.Size([SAMPLES, *ARCHITECTURE.input_shape]), 1 / 8, 12)
    plain = Plain(net)
    if not torch.equal(plain(images), net.predict(images)):
        raise SystemExit("the plain network is another network")
    loader = DataLoader(TensorDataset(images, torch.zeros(SAMPLES)), batch_size=BATCH)
    counts = Benchmark(TorchModel(plain), loader, [], [], [[], [SynapticOperations]]).run(quiet=True)
    network.save(net, FOLDER / "neurobench.safetensors", images=images.tolist())
    versions = {name: version(name) for name in ("neurobench", "torch")}
    files.write_json(FOLDER / "neurobench.json", {"versions": versions, **counts})


if __name__ == "__main__":
    main()
