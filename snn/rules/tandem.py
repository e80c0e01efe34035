"""Tandem learning: the value of the spike count, the gradient of a ReLU.

Each hidden layer is a pair with shared parameters. The ANN branch sees the spike counts of the layer below; the spiking
branch sees its spikes, with the norm folded into weights and bias, the bias spread over the steps. What goes up is the
count; what comes back is the gradient of the ANN branch.
Source: Wu, Chua, Zhang, Li, Li, Tan, A tandem learning rule for effective training and rapid inference of deep spiking
neural networks, TNNLS 2021 (arXiv 1907.01167).
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Model, Neuron, Norm, Readout

torch = lazy("torch")
network = lazy("snn.network")


class Options(Model):
    """`encoding`: the image at every step, or at the first only. `gamma_sd`: the norm's gain starts from N(0,
    gamma_sd^2) instead of 1. `mask_saturated`: no gradient where the count has reached the number of steps (ours).
    """

    neuron: Neuron
    norm: Norm | None = Norm()
    encoding: Literal["repeat", "once"]
    gamma_sd: Annotated[float, Field(gt=0)] | None = None
    mask_saturated: bool = False


class Rule(Base):
    """a = ReLU(BN(W c + b)) / threshold, c = a + (count - a).detach(); L = CE(W_o c + b_o, y)."""

    @staticmethod
    def check(options, steps):
        neuron = options.neuron
        if neuron.decay != 1 or neuron.reset != "subtract":
            raise ValueError("the gradient of a ReLU belongs to a neuron with decay 1 and reset subtract")

    def student(self, task, parents):
        options = self.options
        readout = Readout(step_weights=(1.0,) * task.steps)
        student = network.Network(
            task.architecture(activation=options.neuron, norm=options.norm, encoding=options.encoding, readout=readout)
        )
        for layer in student.hidden:
            if layer.norm and options.gamma_sd:
                torch.nn.init.normal_(layer.norm.weight, std=options.gamma_sd)
        return student

    def losses(self, student, batch):
        yield torch.nn.functional.cross_entropy(self.couple(student, batch.x_BCHW), batch.y_B)

    def couple(self, student, x_BCHW):
        """Scores (B, K) whose value is the spiking network's and whose gradient is the ANN's."""
        neuron, steps = self.options.neuron, student.architecture.steps
        s_TBX = student.encode(x_BCHW)
        c_BX = s_TBX.sum(0)
        for layer in student.layers[:-1]:
            a_BN = layer.current(c_BX[None])[0]  # brings the running statistics up to date before they are folded
            with torch.no_grad():
                s_TBX, _ = layer.respond(layer.current(s_TBX, network.folded(layer, bias_share=1 / steps)))
            if layer.fires:
                ceiling = steps * neuron.threshold if self.options.mask_saturated else None
                a_BN = a_BN.clamp(min=0, max=ceiling) / neuron.threshold
            c_BX = a_BN + (s_TBX.sum(0) - a_BN).detach()
        return student.layers[-1].current(c_BX[None])[0]

    def deploy(self, student):
        return network.fold(student, bias_share=1 / student.architecture.steps)
