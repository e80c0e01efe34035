"""Biases that bring firing rates back to what they should be; no gradient, no weight.

    b_c += threshold (target rate - rate)      of each channel c of the hidden layers, averaged over samples and space
    b_k += mean goal - mean score              of the read-out, if its goal are scores

once an epoch, all layers at once: a step of Newton's method for an integrate-and-fire neuron, whose rate grows by one
for every threshold of current, and less than that for a leaky one, so that rates are approached from one side. In a
network whose norms are folded, beta of a batch norm is the bias and lowering a threshold is raising it: this is what
re-estimating either comes to. Source: ours, after the re-estimation of batch norms on target data (Li et al., 2016).
"""

from snn.calibrators import Calibrator as Base
from snn.lazy import lazy

torch = lazy("torch")
chips = lazy("snn.chip")


class Calibrator(Base):
    """Only biases are written; nothing is multiplied to learn."""

    @property
    def written(self):
        return sum(chips.programmed(layer, "bias").numel() for layer in self._layers())

    def learning_macs(self, dense_macs):
        return 0

    def epoch(self, lessons):
        """The loss is the mean squared distance of the channels' rates."""
        network, samples, wanted, found = self.network, 0, {}, {}
        with torch.no_grad():
            for x, rates_BN, goal in lessons:
                targets = iter(rates_BN)
                for layer, s_TBN in network.walk(network.encode(x)):
                    if layer is network.layers[-1]:
                        if goal.is_floating_point() and network.architecture.readout.kind == "current":
                            _add(wanted, layer, goal)
                            _add(found, layer, network.scores(s_TBN))
                    elif layer.activation:
                        _add(wanted, layer, next(targets))
                        _add(found, layer, s_TBN.mean(0))
                samples += len(goal)
            loss = sum(float(((wanted[layer] - found[layer]) / samples).square().mean()) for layer in wanted)
            for layer in self._layers():
                if layer in wanted:
                    gain = 1 / self._weight if layer is network.layers[-1] else layer.activation.threshold
                    chips.programmed(layer, "bias").add_((wanted[layer] - found[layer]) / samples * gain)
        self.updates += 1
        return loss / len(wanted)

    def _layers(self):
        return [layer for layer in self.network.layers if layer.programmable and not _shortcut(self.network, layer)]

    @property
    def _weight(self):
        architecture = self.network.architecture
        return sum(architecture.readout.weights(architecture.steps))


def _shortcut(network, layer):
    return layer.sends_current and layer is not network.layers[-1]


def _add(sums, layer, values_BN):
    """Add up over samples and space what each channel shows."""
    space = tuple(range(2, values_BN.dim()))
    sums[layer] = sums.get(layer, 0) + (values_BN.mean(space) if space else values_BN).sum(0)
