"""Template: what is new about this rule, in one sentence.

Source: authors, title, where and when.
"""

from snn.core.lazy import lazy
from snn.core.strict import Model
from snn.model.spec import Neuron, Norm
from snn.rules import Rule

# A plan reads this file and must not wait for torch: what needs it comes from `lazy` and is imported at its first use.
torch = lazy("torch")
network = lazy("snn.model.network")


class Options(Model):
    """The keys of `options` in params/methods/template.yaml. A key without a default must be stated there."""

    neuron: Neuron
    norm: Norm | None = Norm()


class Template(Rule):
    """L = CE((1/T) sum_t o[t], y): the cross-entropy of the mean output. Write your equation here."""

    options: Options
    # parents = frozenset({"teacher"})  # if it learns from the teacher ANN, which is then batch.parents["teacher"]

    def student(self, task, parents, x):
        """The network to train: the layers of the experiment, with your neurons, norm and read-out."""
        return network.Network(task.architecture(activation=self.options.neuron, norm=self.options.norm))

    def losses(self, student, batch):
        """Yield each term of the loss: it is back-propagated at once. After the last one follows one update."""
        # outputs of all steps, (T, B, classes), and what each layer did: see snn/model/network.py
        o_TBK, _ = student(student.encode(batch.x))
        yield torch.nn.functional.cross_entropy(o_TBK.mean(0), batch.y)
