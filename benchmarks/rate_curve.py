"""Draw docs/rate_curve.svg: simulated spike counts under constant current, and the curves whose gradient tandem
learning uses.

    .venv/bin/python -m benchmarks.rate_curve
"""

from pathlib import Path

import matplotlib
import torch

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "spikeledger", "svg.fonttype": "none", "font.size": 10})

from matplotlib import pyplot as plt  # noqa: E402 - after the backend is chosen

from snn.model import rate_curve  # noqa: E402
from snn.model.neuron import fire  # noqa: E402
from snn.model.spec import Neuron  # noqa: E402

STEPS = 32
PLAIN = {"threshold": 1.0, "fires": "at", "surrogate": "rectangle", "width": 0.5, "height": 1.0}
NEURONS = {
    "integrate-and-fire": Neuron(decay=1.0, reset="subtract", **PLAIN),
    "leaky, decay 0.951, reset by subtraction": Neuron(decay=0.951229425, reset="subtract", **PLAIN),
    "leaky, decay 0.5, reset to zero": Neuron(decay=0.5, reset="zero", **PLAIN),
}


def draw(path: Path) -> None:
    """One panel per neuron: simulated counts, our curve, and for leaky neurons the released formula."""
    z_N = torch.linspace(-5, 45, 1001, dtype=torch.float64)
    figure, row = plt.subplots(1, len(NEURONS), figsize=(11, 3.4), sharey=True, layout="constrained")
    for axes, (name, neuron) in zip(row, NEURONS.items(), strict=True):
        counts_N = fire((z_N / STEPS).expand(STEPS, -1).contiguous(), neuron)[0].sum(0)
        axes.step(z_N, counts_N, where="mid", color="0.6", lw=1, label="simulated")
        axes.plot(z_N, rate_curve.count(z_N, neuron, STEPS).clamp(max=STEPS), color="#0072B2", label="our curve")
        if neuron.decay < 1:
            axes.plot(z_N, rate_curve.released(z_N, neuron, STEPS), "--", color="#D55E00", label="released formula")
        axes.set(title=name, xlabel="total current z")
        axes.legend(fontsize=8)
    row[0].set_ylabel(f"spikes in {STEPS} steps")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    draw(Path("docs/rate_curve.svg"))
