"""Tandem learning: the value is the spike count, the gradient that of an activation function.

Each layer of neurons has two branches with shared parameters. The ANN branch gets the spike counts of the layer below.
The spiking branch gets its spikes; its norm is folded into weights and bias, and the bias is spread over the steps.
Forward, a layer passes on its count. Backward, it uses the gradient of the ANN branch: a ReLU for integrate-and-fire
neurons, the rate curve (`snn.model.rate_curve`) for leaky ones.
Source: Wu, Chua, Zhang, Li, Li, Tan, A tandem learning rule for effective training and rapid inference of deep spiking
neural networks, TNNLS 2021 (arXiv 1907.01167).
"""

from typing import Annotated, Literal

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.model.spec import Dropout, Neuron, Norm, Readout
from snn.rules import Rule

torch = lazy("torch")
network = lazy("snn.model.network")
over_time = lazy("snn.model.over_time")
rate_curve = lazy("snn.model.rate_curve")
losses = lazy("snn.model.losses")


class Options(Model):
    """`encoding`: the image at every step, or at the first only. `gamma_sd`: the norm's gain starts from N(0,
    gamma_sd^2) instead of 1. `mask_saturated`: no gradient from z = T threshold on (ours; integrate-and-fire only).
    `readout`: scores are the membrane of a last layer that never fires, or a spike count. `gradient`: of leaky neurons,
    by our rate curve, by the formula of the released byte-code, or by a ReLU as in the released source.
    `neuron`: of the spiking network. `norm`: batch normalisation; null is none. `dropout`: by default none.
    """

    neuron: Neuron
    norm: Norm | None = Norm()
    dropout: Dropout | None = None
    encoding: Literal["repeat", "once"]
    readout: Literal["membrane", "count"] = "membrane"
    gradient: Literal["rate", "released", "relu"] = "rate"
    gamma_sd: Annotated[float, Field(gt=0)] | None = None
    mask_saturated: bool = False


class Tandem(Rule):
    """z = BN(W c + b), da/dz by the activation, c = count; L = CE(W_o c + b_o, y), or squared error."""

    options: Options
    tasks = frozenset({"classification", "reconstruction"})

    @staticmethod
    def check(options, steps):
        neuron = options.neuron
        if options.dropout and options.dropout.before != ("readout",):
            raise ValueError("dropout fits only before readout: both branches of a hidden layer need the same inputs")
        if neuron.smooth is not None:
            raise ValueError("a smooth neuron has no spike count")
        if neuron.decay == 0 or (neuron.decay == 1 and neuron.reset == "zero"):
            raise ValueError(
                "no activation fits this neuron: a ReLU needs decay 1 and reset subtract, a rate curve 0 < decay < 1"
            )
        if options.gradient != "rate" and not 0 < neuron.decay < 1:
            raise ValueError(f"gradient {options.gradient} is that of leaky neurons, so it needs 0 < decay < 1")

    def student(self, task, parents, x):
        options = self.options
        readout = Readout(kind="current" if options.readout == "membrane" else "votes", over_steps="sum")
        extras = {"norm": options.norm, "dropout": options.dropout, "encoding": options.encoding, "bias_share": True}
        student = network.Network(task.architecture(activation=options.neuron, readout=readout, **extras))
        for layer in student.hidden:
            if layer.norm and options.gamma_sd:
                torch.nn.init.normal_(layer.norm.weight, std=options.gamma_sd)
        return student

    def losses(self, student, batch):
        yield losses.loss(self.couple(student, batch.x), batch.y)

    def observe(self, student, batch):
        """Mean absolute difference of spike count and activation, in spikes, per layer."""
        for number, (layer, count_BN, z_BN) in enumerate(self.pairs(student, batch.x), start=1):
            if layer.activation:
                a_BN = rate_curve.count(z_BN, layer.activation, student.architecture.steps)
                yield "count_minus_activation", number, float((count_BN - a_BN).abs().mean())

    def couple(self, student, x):
        """Scores (B, K) whose value is the spiking network's and whose gradient is the ANN's."""
        *_, (_, c_BK, _) = self.pairs(student, x)
        return c_BK

    def pairs(self, student, x):
        """Yields per layer (layer, c_BN, z_BN): the coupled count, and the total current of its ANN branch."""
        steps, last = student.architecture.steps, len(student.layers) - 1
        spikes = {-1: student.encode(x)}
        counts = {-1: over_time.total(spikes[-1])}
        for i, layer in enumerate(student.layers):
            c_BX, c_BN = (None if j is None else counts[j][None] for j in (layer.source, layer.addend))
            z_BN = layer.current(c_BX, c_BN)[0]  # updates running statistics before they are folded
            if i == last and not layer.activation:
                yield layer, z_BN, z_BN
                return
            with torch.no_grad():
                s_TBX, s_TBN = (None if j is None else spikes[j] for j in (layer.source, layer.addend))
                parameters = network.folded(layer, bias_share=1 / steps) if layer.programmable else None
                spikes[i], _ = layer.respond(layer.current(s_TBX, s_TBN, parameters), steps=steps)
            slope_BN = self.slope(z_BN.detach(), steps) if layer.activation else None
            counts[i] = rate_curve.coupled(over_time.total(spikes[i]), z_BN, slope_BN)
            for j in student.used_up[i]:
                del spikes[j]
            yield layer, counts[i], z_BN

    def slope(self, z_BN, steps):
        """The derivative of the activation in place of the count, in spikes per unit of total current."""
        neuron = self.options.neuron
        if neuron.decay == 1 or self.options.gradient == "relu":
            below = z_BN <= steps * neuron.threshold if self.options.mask_saturated and neuron.decay == 1 else True
            return ((z_BN >= 0) & below).to(z_BN.dtype) / neuron.threshold
        curve = rate_curve.released_slope if self.options.gradient == "released" else rate_curve.slope
        return curve(z_BN, neuron, steps)
