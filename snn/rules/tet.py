"""TET: temporal efficient training, a loss at every step. SDT, its control: a loss of the mean output.

Source: Deng, Li, Zhang, Gu, Temporal efficient training of spiking neural network via gradient re-weighting, ICLR 2022.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.core.lazy import lazy
from snn.core.strict import Model, Positive
from snn.model.spec import Neuron, Norm
from snn.rules import Rule

torch = lazy("torch")
network = lazy("snn.model.network")


class Options(Model):
    """`lam`: weight of TET's regulariser. `phi`: the constant to which it pulls every output. `switch`: epochs of SDT
    before TET.
    `neuron`: of all hidden layers. `norm`: batch normalisation; null is none. `loss`: TET's, or SDT's, its control.
    """

    neuron: Neuron
    norm: Norm | None = Norm()
    loss: Literal["tet", "sdt"] = "tet"
    lam: Annotated[float, Field(ge=0, le=1)] = 0.0
    phi: float = 1.0
    switch: Positive | None = None

    @model_validator(mode="after")
    def _sdt_has_no_regulariser(self):
        if self.loss == "sdt" and (self.lam or self.switch):
            raise ValueError("lam and switch belong to loss tet")
        return self


class Tet(Rule):
    """L_TET = (1 - lam) (1/T) sum_t CE(o[t], y) + lam (1/T) sum_t MSE(o[t], phi);   L_SDT = CE((1/T) sum_t o[t], y)."""

    options: Options

    def student(self, task, parents, x):
        return network.Network(task.architecture(activation=self.options.neuron, norm=self.options.norm))

    def losses(self, student, batch):
        o_TBK, _ = student(student.encode(batch.x))
        before_switch = self.options.switch is not None and batch.epoch < self.options.switch
        yield self.sdt(o_TBK, batch.y) if self.options.loss == "sdt" or before_switch else self.tet(o_TBK, batch.y)

    def observe(self, student, batch):
        """Both losses, also the one that is not trained."""
        o_TBK, _ = student(student.encode(batch.x))
        yield "loss_sdt", None, float(self.sdt(o_TBK, batch.y))
        yield "loss_tet", None, float(self.tet(o_TBK, batch.y))

    def sdt(self, o_TBK, y_B):
        """Cross-entropy of the mean output."""
        return torch.nn.functional.cross_entropy(o_TBK.mean(0), y_B)

    def tet(self, o_TBK, y_B):
        """Mean over steps of the cross-entropy and the pull to phi, weighted by `lam`."""
        F, lam = torch.nn.functional, self.options.lam
        cross_entropy = F.cross_entropy(o_TBK.flatten(0, 1), y_B.repeat(len(o_TBK)))
        return (1 - lam) * cross_entropy + lam * F.mse_loss(o_TBK, torch.full_like(o_TBK, self.options.phi))
