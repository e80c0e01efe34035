"""The teacher: an ANN with (clipped) ReLU, trained by cross-entropy."""

from snn.lazy import lazy
from snn.rules import Rule as Base
from snn.spec import Model, Norm, Relu

torch = lazy("torch")
network = lazy("snn.network")


class Options(Model):
    """`activation.clip` bounds the activations that students imitate."""

    activation: Relu = Relu()
    norm: Norm | None = Norm()


class Rule(Base):
    """L = CE(W a + b, y)."""

    static = True

    def student(self, task, parents):
        return network.Network(task.architecture(activation=self.options.activation, norm=self.options.norm))

    def losses(self, student, batch):
        yield torch.nn.functional.cross_entropy(student.predict(batch.x_BCHW), batch.y_B)
