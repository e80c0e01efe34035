"""The cost of counting: inference with the counter against plain inference, VGG-11, T = 4, batch 32, one thread.

    python -m benchmarks.counting [--rounds 7]

Both run the same batch in every round, in alternating order. Prints the median, smallest and largest ratio of a round,
also without a counter on either side, as a measure of the machine's noise. Weights are random, scaled so that layers
fire about as often as in trained networks.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from snn.config import params
from snn.energy.counter import Counter, total
from snn.model.network import Network
from snn.model.spec import Architecture

BATCH, STEPS = 32, 4


def build() -> Network:
    """LTL's VGG-11 with its neuron; weights are three times torch's initial values."""
    torch.manual_seed(0)
    spec, method = params.load("networks", "ltl_vgg11"), params.load("methods", "ltl_offline")
    fixed = {"input_shape": spec.input_shape, "outputs": spec.outputs, "layers": spec.layers, "norm": None}
    net = Network(Architecture(**fixed, steps=STEPS, activation=method.options.neuron)).requires_grad_(False).eval()
    for layer in net.layers:
        if layer.programmable:
            layer.op.weight *= 3
    return net


def seconds(do: Callable[[Tensor], object], x: Tensor) -> float:
    """Time of one call."""
    start = time.perf_counter()
    do(x)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    net, x_BCHW = build(), torch.randn(BATCH, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    counter = Counter(net)
    ways = {"counting": counter.scores, "again without": net.predict}
    with torch.no_grad():
        for do in (net.predict, counter.scores):
            do(x_BCHW)
        print("| way | time over plain inference |\n|---|---|")
        for name, do in ways.items():
            ratios = []
            for i in range(rounds):
                pair = [(do, x_BCHW), (net.predict, x_BCHW)]
                times = [seconds(*part) for part in (pair if i % 2 else reversed(pair))]
                ours, plain = times if i % 2 else reversed(times)
                ratios.append(ours / plain)
            print(f"| {name} | {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) |")
    spikes = total(counter.operations()).spikes
    neurons = sum(work.neuron_updates for work in counter.operations())
    print(f"\nrate {spikes / neurons:.3f} spikes per neuron and step")


if __name__ == "__main__":
    main()
