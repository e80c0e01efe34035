"""Back-propagation through time with the chip in the loop.

The chip runs forward; a computer runs backward through all layers, with surrogates. Only the goal of the read-out is
used. Source: chip-in-the-loop training, Schmitt et al., IJCNN 2017, and Cramer et al., PNAS 2022.
"""

from snn.core.lazy import lazy
from snn.hardware.calibrators import Descent

losses = lazy("snn.model.losses")


class Bptt(Descent):
    """Gradients of weights take the dense operations once, and gradients of inputs, from the second layer on, again."""

    def losses(self, chip, lesson):
        yield losses.loss(chip.predict(lesson.x), lesson.goal)

    def learning_macs(self, dense_macs):
        first = next((macs for macs in dense_macs if macs), 0)
        return (2 * sum(dense_macs) - first) * self.network.architecture.steps
