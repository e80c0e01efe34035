"""The teacher: an ANN with (clipped, quantised) ReLU.

It is trained by cross-entropy, or by squared error to reproduce its input.
"""

from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.model.spec import Dropout, Norm, Relu
from snn.rules import Rule

network = lazy("snn.model.network")
losses = lazy("snn.model.losses")


class Options(Model):
    """`activation.clip` bounds the activations that students imitate; `activation.levels` quantises them.

    `activation`: of all hidden layers. `norm`: batch normalisation; null is none. `dropout`: by default none.
    """

    activation: Relu = Relu()
    norm: Norm | None = Norm()
    dropout: Dropout | None = None


class Ann(Rule):
    """L = CE(W a + b, y), or mean((W a + b - y)^2)."""

    options: Options
    static = True
    tasks = frozenset({"classification", "reconstruction"})

    def student(self, task, parents, x):
        return network.Network(task.architecture(**dict(self.options)))

    def losses(self, student, batch):
        yield losses.loss(student.predict(batch.x), batch.y)
