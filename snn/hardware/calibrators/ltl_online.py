"""Local tandem learning, online: each layer learns alone and at every step from `warm_up` on, with nothing remembered
but counts; what the learning circuits of the paper do on the chip.

Losses: `snn/model/local_losses.py`. Source: Yang et al., NeurIPS 2022.
"""

from snn.core.lazy import lazy
from snn.hardware.calibrators import Descent

local_losses = lazy("snn.model.local_losses")


class LtlOnline(Descent):
    """A weight's gradient takes a multiply-accumulate a synapse and step that is learnt from."""

    def losses(self, chip, lesson):
        return local_losses.online(chip, *lesson, lam=1.0, warm_up=self._warm_up)

    def learning_macs(self, dense_macs):
        return sum(dense_macs) * (self.network.architecture.steps - self._warm_up)

    @property
    def _warm_up(self):
        return min(self.settings.warm_up, self.network.architecture.steps - 1)
