"""Conversion: the teacher's weights in spiking neurons, thresholds balanced by the percentile of its activations.

Nothing is trained. With q_l the percentile of layer l's activations in a sample of training data,

    W_l -> W_l q_{l-1} / q_l,   b_l -> b_l / q_l,   threshold 1,   reset by subtraction

and q_0 = 1, or T for T frames of events, since the teacher sees their sum.
Max pools are not converted exactly: the rate of a maximum of spikes is not the maximum of the rates. Layers that a
shortcut without synapses adds share the larger q. Source: Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of
continuous-valued deep networks to efficient event-driven networks for image classification, Front. Neurosci. 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.model.spec import Neuron
from snn.rules import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from snn.model.network import Network
torch = lazy("torch")
local_losses = lazy("snn.model.local_losses")
network = lazy("snn.model.network")


class Options(Model):
    """`percentile`: of the activations, becomes the threshold.
    `neuron`: integrate-and-fire with reset by subtraction.
    """

    neuron: Neuron
    percentile: Annotated[float, Field(gt=0, le=100)]


class Conversion(Rule):
    """Scores are mean currents, in the units of the teacher's scores."""

    options: Options
    trains = False
    parents = frozenset({"teacher"})
    tasks = frozenset({"classification", "reconstruction"})

    @property
    def teacher_percentile(self):
        return self.options.percentile

    @staticmethod
    def check(options, steps):
        neuron = options.neuron
        if (neuron.decay, neuron.threshold, neuron.reset) != (1, 1, "subtract"):
            raise ValueError("rates equal activations only with decay 1, threshold 1 and reset subtract")

    def student(self, task, parents, x):
        teacher = parents["teacher"]
        changes = {"steps": task.steps, "activation": self.options.neuron}
        student = network.Network(teacher.architecture.model_copy(update=changes))
        q = scales(teacher, x, self.teacher_percentile)
        if x.dim() == len(task.input_shape) + 2:
            q[-1] = float(len(x))  # the student sees one frame per step, the teacher their sum
        with torch.no_grad():
            for i, (layer, source) in enumerate(zip(student.layers, teacher.layers, strict=True)):
                if not layer.programmable:
                    continue
                layer.op.weight.copy_(source.op.weight * (q.get(layer.source, 1.0) / q.get(i, 1.0)))
                if layer.op.bias is not None:
                    layer.op.bias.copy_(source.op.bias / q.get(i, 1.0))
        return student.requires_grad_(False)

    def losses(self, student, batch):
        yield from ()


def scales(teacher: Network, x: Tensor, percentile: float) -> dict[int, float]:
    """The activation that corresponds to one spike per step, q of each layer but the read-out."""
    quantiles, largest = (local_losses.percentiles(teacher, x, p) for p in (percentile, 100.0))
    own = [float(value) or float(most) or 1.0 for value, most in zip(quantiles, largest, strict=True)]
    active = [i for i, layer in enumerate(teacher.layers[:-1]) if layer.activation]
    q = dict(zip(active, own, strict=True))
    linked = True
    while linked:  # until all layers that are added share one q
        linked = False
        for i, layer in enumerate(teacher.layers[:-1]):
            before = dict(q)
            if layer.programmable and layer.addend is not None:
                follows = teacher.layers[layer.addend].sends_current
                q[i] = q[layer.addend] = q[i] if follows else max(q[i], q[layer.addend])
            elif not layer.programmable and layer.source in q:
                together = [j for j in (layer.source, layer.addend, i) if j is not None]
                shared = max(q[j] for j in together if j in q)
                q |= dict.fromkeys(together, shared)
            linked = linked or q != before
    return q
