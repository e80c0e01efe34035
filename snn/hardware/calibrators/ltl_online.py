"""Local tandem learning, online: each layer learns alone, at every step from `warm_up` on, and keeps only spike counts.

The learning circuits of the paper do this on the chip.
Losses: `snn/model/local_losses.py`. Source: Yang et al., NeurIPS 2022.
"""

from snn.core.lazy import lazy
from snn.hardware.calibrators import Descent

local_losses = lazy("snn.model.local_losses")


class LtlOnline(Descent):
    """A weight's gradient takes one multiply-accumulate per synapse and per step from `warm_up` on."""

    def losses(self, chip, lesson):
        return local_losses.online(chip, *lesson, lam=1.0, warm_up=self._warm_up)

    def learning_macs(self, dense_macs):
        return sum(dense_macs) * (self.network.architecture.steps - self._warm_up)

    @property
    def _warm_up(self):
        return min(self.settings.warm_up, self.network.architecture.steps - 1)
