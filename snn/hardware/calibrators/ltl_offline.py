"""Local tandem learning, offline: each layer learns alone, from its own spikes, through time.

Losses: `snn/model/local_losses.py`. Source: Yang et al., NeurIPS 2022.
"""

from snn.core.lazy import lazy
from snn.hardware.calibrators import Descent

local_losses = lazy("snn.model.local_losses")


class LtlOffline(Descent):
    """A weight's gradient takes one multiply-accumulate per synapse and step; none flows between layers."""

    def losses(self, chip, lesson):
        return local_losses.offline(chip, *lesson, lam=1.0)

    def learning_macs(self, dense_macs):
        return sum(dense_macs) * self.network.architecture.steps
