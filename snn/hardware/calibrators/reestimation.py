"""Biases that bring firing rates back to their targets, without gradients; weights stay.

    b_c += threshold (target rate - rate)      of each channel c of the hidden layers, averaged over samples and space
    b_k += mean goal - mean score              of the read-out, if its goal is scores

once per epoch, in all layers at once. For an integrate-and-fire neuron, whose rate grows by one per threshold of
current, this is a step of Newton's method. For a leaky one the step is too small, so rates are approached from one
side. In a network whose norms are folded, the bias is beta of the batch norm, and a higher bias acts as a lower
threshold. Source: ours, after the re-estimation of batch norms on target data (Li et al., 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn.core.lazy import lazy
from snn.hardware.calibrators import Calibrator

if TYPE_CHECKING:
    from torch import Tensor
torch = lazy("torch")
chips = lazy("snn.hardware.chip")
over_time = lazy("snn.model.over_time")


class Reestimation(Calibrator):
    """Only biases are written, without multiplications. A layer without biases is left as it is."""

    def learning_macs(self, dense_macs):
        return 0

    def epoch(self, lessons):
        """Returns the mean squared distance of the channels' rates from their targets."""
        wanted: dict[int, Tensor] = {}
        found: dict[int, Tensor] = {}
        samples = 0
        with torch.no_grad():
            for x, rates_BN, goal in lessons:
                network, targets = self.chip(), iter(rates_BN)
                for i, (layer, s_TBN) in enumerate(network.walk(network.encode(x))):
                    if layer is network.layers[-1]:
                        if goal.is_floating_point() and network.architecture.readout.kind == "current":
                            _add(wanted, i, goal)
                            _add(found, i, network.scores(s_TBN))
                    elif layer.activation:
                        _add(wanted, i, next(targets))
                        _add(found, i, over_time.rate(s_TBN))
                samples += len(goal)
            off = {i: (wanted[i] - found[i]) / samples for i in wanted}
            for i, off_C in off.items():
                self._shift(self.network.layers[i], off_C)
        self.updates += 1
        return sum(float(off_C.square().mean()) for off_C in off.values()) / len(off)

    def _shift(self, layer, off_C):
        bias = chips.programmed(layer, "bias")
        if bias is not None:
            is_readout = layer is self.network.layers[-1]
            bias.add_(off_C * (1 / self._weight if is_readout else layer.activation.threshold))
            self.writes += bias.numel()

    @property
    def _weight(self):
        architecture = self.network.architecture
        return sum(architecture.readout.weights(architecture.steps))


def _add(sums, i, values_BN):
    """Add the values of a batch per channel: mean over space, sum over samples."""
    space = tuple(range(2, values_BN.dim()))
    sums[i] = sums.get(i, 0) + (values_BN.mean(space) if space else values_BN).sum(0)
