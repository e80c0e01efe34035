"""LTL: local tandem learning, every layer imitates the firing rates that a teacher's activations ask for.

Source: Yang, Wu, Zhang, Chua, Wang, Li, Training spiking neural networks with local tandem learning, NeurIPS 2022.
Targets are the teacher's activations over their percentile in the batch; losses are those of `snn.local`, weighted by
`lam`.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Model, Neuron, Readout

local = lazy("snn.local")
network = lazy("snn.network")


class Options(Model):
    """`percentile` of the teacher's activations that asks for a spike at every step; `warm_up`: steps without a loss,
    online only.
    """

    neuron: Neuron
    mode: Literal["offline", "online"]
    percentile: Annotated[float, Field(gt=0, le=100)]
    lam: Annotated[float, Field(gt=0)] = 1.0
    warm_up: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _warm_up_is_online(self):
        if self.warm_up and self.mode == "offline":
            raise ValueError("warm_up belongs to mode online")
        return self


class Rule(Base):
    """L = CE + lam sum_l mean((rate_l - target_l)^2), detached between layers; online also between steps."""

    parents = frozenset({"teacher"})

    @staticmethod
    def check(options, steps):
        if options.warm_up >= steps:
            raise ValueError(f"warm_up {options.warm_up} leaves no step of {steps} to learn from")

    def student(self, task, parents):
        """Online scores are sum_{t >= warm_up} sum_{k <= t} o[k], hence T - max(t, warm_up) times o[t]."""
        weights = [1 / task.steps] * task.steps
        if self.options.mode == "online":
            weights = [float(task.steps - max(t, self.options.warm_up)) for t in range(task.steps)]
        readout = Readout(step_weights=tuple(weights))
        return network.Network(task.architecture(activation=self.options.neuron, norm=None, readout=readout))

    def losses(self, student, batch):
        options = self.options
        targets_BN = local.teacher_rates(batch.parents["teacher"], batch.x_BCHW, options.percentile)
        if options.mode == "offline":
            terms = local.offline(student, batch.x_BCHW, targets_BN, batch.y_B, options.lam)
        else:
            terms = local.online(student, batch.x_BCHW, targets_BN, batch.y_B, options.lam, options.warm_up)
        yield from terms
