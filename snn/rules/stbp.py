"""STBP: spatio-temporal back-propagation on the rate of votes, with or without NeuNorm.

Source: Wu, Deng, Li, Zhu, Xie, Shi, Direct training for spiking neural networks: faster, larger, better, AAAI 2019. The
neuron resets to zero, the reset is differentiated, the first layer encodes constant currents, and the last layer is a
population of voters. Batch normalisation over steps x batch is an option of ours.
"""

from typing import Literal

from snn.core.lazy import lazy
from snn.core.strict import Model, Positive
from snn.model.spec import Dropout, NeuNorm, Neuron, Norm, Readout
from snn.rules import Rule

torch = lazy("torch")
network = lazy("snn.model.network")


class Options(Model):
    """`voters`: spiking neurons per class in the last layer. `loss`: squared error summed (as printed) or averaged (as
    released) over classes; both are averaged over the batch.
    `neuron`: of all layers. `norm`: batch normalisation, by default none. `neunorm`: NeuNorm, by default none.
    `dropout`: by default none.
    """

    neuron: Neuron
    norm: Norm | None = None
    neunorm: NeuNorm | None = None
    dropout: Dropout | None = None
    voters: Positive
    loss: Literal["sum", "mean"]


class Stbp(Rule):
    """L = || Y - (1/T) sum_t M o[t] ||^2, with Y one-hot and M the average over the voters of a class."""

    options: Options

    @property
    def has_neunorm(self):
        return self.options.neunorm is not None

    def student(self, task, parents, x):
        options = self.options
        readout = Readout(kind="votes", voters=options.voters)
        extras = {"norm": options.norm, "neunorm": options.neunorm, "dropout": options.dropout}
        return network.Network(task.architecture(activation=options.neuron, readout=readout, **extras))

    def losses(self, student, batch):
        rates_BK = student.predict(batch.x)
        target_BK = torch.nn.functional.one_hot(batch.y, rates_BK.shape[1]).to(rates_BK.dtype)
        error_BK = (target_BK - rates_BK) ** 2
        yield error_BK.sum(1).mean() if self.options.loss == "sum" else error_BK.mean()
