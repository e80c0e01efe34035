"""The methods of an experiment: recipes with its overrides, rules, learning rates, steps. No torch."""

from collections.abc import Sequence
from pathlib import Path

from snn import config, rules
from snn.config import params
from snn.config.documents import merge
from snn.rules import Rule


class Recipes:
    """The methods of an experiment, each read once. Raises InputError naming file and key."""

    def __init__(self, experiment: config.Experiment, where: Path):
        self._experiment, self._where = experiment, where
        self._methods: dict[str, config.Method] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The teacher, then the methods that the experiment names."""
        return (self._experiment.teacher, *self._experiment.methods)

    def method(self, name: str) -> config.Method:
        """A method with the epochs and the overrides of the experiment."""
        if name not in self._methods:
            change = self._experiment.overrides.get(name, {})
            if self._experiment.epochs:
                change = merge({"training": {"epochs": self._experiment.epochs}}, change)
            self._methods[name] = params.load_method(name, change, self._where)
        return self._methods[name]

    def with_learning_rate(self, name: str, lr: float | None) -> config.Method:
        """A method at this learning rate; None is its own."""
        method = self.method(name)
        if lr is None:
            return method
        return method.model_copy(update={"training": method.training.model_copy(update={"lr": lr})})

    def rule(self, name: str) -> Rule:
        """The rule of a method, with the options of the method."""
        method = self.method(name)
        return rules.load(method.rule, name)(method.options)

    def learning_rates(self, name: str) -> Sequence[float | None]:
        """The experiment's grid; None, the method's own rate, if there is no grid or nothing is trained."""
        return (self.rule(name).trains and self._experiment.learning_rates) or (None,)

    def steps(self, name: str) -> int:
        """The steps of a method: its own, or those of the experiment; also for a rule that uses one step."""
        return self.method(name).steps or self._experiment.steps
