"""TET: temporal efficient training, a loss at every step.

Source: Deng, Li, Zhang, Gu, Temporal efficient training of spiking neural network via gradient re-weighting, ICLR 2022.
"""

from typing import Annotated

from pydantic import Field

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Model, Neuron, Norm

torch = lazy("torch")
network = lazy("snn.network")


class Options(Model):
    """`lam` weighs the regulariser, `phi` is the constant to which it pulls every output."""

    neuron: Neuron
    norm: Norm | None = Norm()
    lam: Annotated[float, Field(ge=0, le=1)]
    phi: float


class Rule(Base):
    """L = (1 - lam) (1/T) sum_t CE(o[t], y) + lam (1/T) sum_t MSE(o[t], phi)."""

    def student(self, task, parents):
        return network.Network(task.architecture(activation=self.options.neuron, norm=self.options.norm))

    def losses(self, student, batch):
        F, lam = torch.nn.functional, self.options.lam
        o_TBK, _ = student(student.encode(batch.x_BCHW))
        cross_entropy = F.cross_entropy(o_TBK.flatten(0, 1), batch.y_B.repeat(len(o_TBK)))
        yield (1 - lam) * cross_entropy + lam * F.mse_loss(o_TBK, torch.full_like(o_TBK, self.options.phi))
