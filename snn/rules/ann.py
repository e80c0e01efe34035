"""The teacher: an ANN with (clipped, quantised) ReLU, trained by cross-entropy, or by squared error to reproduce its
input.
"""

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Dropout, Model, Norm, Relu

network = lazy("snn.network")
score = lazy("snn.score")


class Options(Model):
    """`activation.clip` bounds the activations that students imitate; `activation.levels` quantises them."""

    activation: Relu = Relu()
    norm: Norm | None = Norm()
    dropout: Dropout | None = None


class Rule(Base):
    """L = CE(W a + b, y), or mean((W a + b - y)^2)."""

    static = True
    tasks = frozenset({"classification", "reconstruction"})

    def student(self, task, parents, x):
        return network.Network(task.architecture(**dict(self.options)))

    def losses(self, student, batch):
        yield score.loss(student.predict(batch.x), batch.y)
