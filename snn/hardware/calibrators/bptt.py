"""Back-propagation through time with the chip in the loop: the chip runs forward, a computer backward, through all
layers, by the surrogates. Only the goal of the read-out is used. Source: chip-in-the-loop training, as Schmitt et al.,
IJCNN 2017, and Cramer et al., PNAS 2022, do it.
"""

from snn.core.lazy import lazy
from snn.hardware.calibrators import Descent

losses = lazy("snn.model.losses")


class Bptt(Descent):
    """Beside a weight's gradient, what flows to the inputs of all layers but the first takes as much again."""

    def losses(self, chip, lesson):
        yield losses.loss(chip.predict(lesson.x), lesson.goal)

    def learning_macs(self, dense_macs):
        first = next((macs for macs in dense_macs if macs), 0)
        return (2 * sum(dense_macs) - first) * self.network.architecture.steps
