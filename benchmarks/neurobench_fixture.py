"""Operations of small networks as NeuroBench counts them, the reference of tests in `tests/energy`.

NeuroBench is no dependency of this project. `make bench` creates an environment for it, runs this module from the root
of the repository, and compares the result with the committed file:

    python -m benchmarks.neurobench_fixture [--check]

writes tests/fixtures/neurobench.json: NeuroBench's counts per sample, over all steps, for every network of
`tests/neurobench_cases.py`. With --check it compares instead, and exits with status 1 if they differ.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.workload import SynapticOperations
from neurobench.models import TorchModel
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from snn.core import files
from snn.model.network import Network
from tests.neurobench_cases import CASES, SAMPLES, build

FIXTURE = Path("tests", "fixtures", "neurobench.json")


class Plain(nn.Module):
    """The same network in plain torch: a loop over time, with one membrane per layer."""

    def __init__(self, source: Network):
        super().__init__()
        self.neuron, self.steps = source.architecture.activation, source.architecture.steps
        self.layers = nn.ModuleList()
        for layer in source.layers:
            op = layer.op
            if isinstance(op, nn.Conv2d):
                size = op.in_channels, op.out_channels, op.kernel_size, op.stride, op.padding
                plain = nn.Conv2d(*size, groups=op.groups, bias=op.bias is not None)
            elif isinstance(op, nn.Linear):
                plain = nn.Linear(op.in_features, op.out_features, bias=op.bias is not None)
            elif isinstance(op, nn.AvgPool2d):
                plain = nn.AvgPool2d(op.kernel_size)
            else:
                plain = nn.MaxPool2d(op.kernel_size)
            if layer.programmable:
                plain.load_state_dict(op.state_dict())
            flat = isinstance(plain, nn.Linear) and len(layer.input_shape) > 1
            self.layers.append(nn.Sequential(nn.Flatten(), plain) if flat else plain)

    def forward(self, image: Tensor) -> Tensor:
        """Images to scores: the sum of the last currents."""
        membranes, scores, last = [0.0] * len(self.layers), 0.0, self.layers[-1]
        for _ in range(self.steps):
            y = image
            for i, layer in enumerate(self.layers):
                y = layer(y)
                if layer is last or isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
                    continue
                u = membranes[i] + y
                y = (u >= self.neuron.threshold).float()
                membranes[i] = self.neuron.decay * u - self.neuron.threshold * y
            scores = scores + y
        return scores


def counted(name: str) -> dict[str, float]:
    """NeuroBench's counts for a case, by name."""
    net, images = build(CASES[name])
    plain = Plain(net)
    if not torch.equal(plain(images), net.predict(images)):
        raise SystemExit(f"{name}: scores of the plain network differ")
    return synaptic_operations(plain, images, torch.zeros(SAMPLES), CASES[name].batch)


def synaptic_operations(plain: Plain, images: Tensor, classes: Tensor, batch: int | None = None) -> dict[str, float]:
    """NeuroBench's counts for some images, mean over samples; by default in one batch."""
    loader = DataLoader(TensorDataset(images, classes), batch_size=batch or len(images))
    found = Benchmark(TorchModel(plain), loader, [], [], [[], [SynapticOperations]]).run(quiet=True)
    return found["SynapticOperations"]


def main() -> None:
    """Count with NeuroBench, then write or compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    counts = {
        "versions": {"neurobench": version("neurobench")},
        "cases": {name: counted(name) for name in CASES},
    }
    if not parser.parse_args().check:
        files.write_json(FIXTURE, counts)
    elif json.loads(FIXTURE.read_text()) != counts:
        raise SystemExit(f"{FIXTURE} differs from NeuroBench's counts")
    print(f"{len(CASES)} networks, NeuroBench {version('neurobench')}: {FIXTURE}")


if __name__ == "__main__":
    main()
