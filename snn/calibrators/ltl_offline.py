"""Local tandem learning, offline: each layer learns alone, from its own spikes, through time (`snn/local.py`).

Source: Yang et al., NeurIPS 2022.
"""

from snn.calibrators import Descent
from snn.lazy import lazy

local = lazy("snn.local")


class Calibrator(Descent):
    """A weight's gradient takes a multiply-accumulate a synapse and step; none flows between layers."""

    def losses(self, chip, lesson):
        return local.offline(chip, *lesson, lam=1.0)

    def learning_macs(self, dense_macs):
        return sum(dense_macs) * self.network.architecture.steps
