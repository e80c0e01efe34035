"""STBP: spatio-temporal back-propagation on the rate of votes.

Source: Wu, Deng, Li, Zhu, Xie, Shi, Direct training for spiking neural networks: faster, larger, better, AAAI 2019. The
neuron resets to zero, the reset is differentiated, the first layer encodes constant currents, and the last layer is a
population of voters. NeuNorm is not part of this file yet; batch normalisation over steps x batch is an option of ours.
"""

from typing import Literal

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Model, Neuron, Norm, Positive, Readout

torch = lazy("torch")
network = lazy("snn.network")


class Options(Model):
    """`voters`: spiking neurons a class in the last layer. `loss`: squared error summed (printed) or averaged
    (released) over classes; both are averaged over the batch.
    """

    neuron: Neuron
    norm: Norm | None = None
    voters: Positive
    loss: Literal["sum", "mean"]


class Rule(Base):
    """L = || Y - (1/T) sum_t M o[t] ||^2, Y one-hot, M the average over the voters of a class."""

    def student(self, task, parents):
        options = self.options
        readout = Readout(kind="votes", voters=options.voters, step_weights=(1 / task.steps,) * task.steps)
        return network.Network(task.architecture(activation=options.neuron, norm=options.norm, readout=readout))

    def losses(self, student, batch):
        rates_BK = student.predict(batch.x_BCHW)
        target_BK = torch.nn.functional.one_hot(batch.y_B, rates_BK.shape[1]).to(rates_BK.dtype)
        error_BK = (target_BK - rates_BK) ** 2
        yield error_BK.sum(1).mean() if self.options.loss == "sum" else error_BK.mean()
