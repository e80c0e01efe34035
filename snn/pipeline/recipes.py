"""What an experiment makes of its methods: recipes with its overrides, rules, learning rates. No torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snn import config
from snn.config import params


class Recipes:
    """The methods of an experiment, each read once. Raises InputError, naming file and key."""

    def __init__(self, experiment: config.Experiment, where: Path):
        self._experiment, self._where = experiment, where
        self._methods: dict[str, config.Method] = {}
        for name in self.names:
            params.path_of("methods", name)

    @property
    def names(self) -> tuple[str, ...]:
        """The teacher, then all that the experiment names."""
        return (self._experiment.teacher, *self._experiment.methods)

    def method(self, name: str) -> config.Method:
        """A method with the epochs and the overrides of the experiment."""
        if name not in self._methods:
            change = self._experiment.overrides.get(name, {})
            if self._experiment.epochs:
                change = {**change, "training": {"epochs": self._experiment.epochs, **change.get("training", {})}}
            self._methods[name] = params.load_method(name, change, self._where)
        return self._methods[name]

    def with_learning_rate(self, name: str, lr: float | None) -> config.Method:
        """A method at a learning rate of the experiment's grid, or at its own."""
        method = self.method(name)
        if lr is None:
            return method
        return method.model_copy(update={"training": method.training.model_copy(update={"lr": lr})})

    def rule(self, name: str) -> Any:
        """The class of a method's rule."""
        return params.load_plugin("rules", self.method(name).rule, name).Rule

    def learning_rates(self, name: str) -> Sequence[float | None]:
        """The grid of the experiment, or the method's own (None), also where nothing is trained."""
        return (self.rule(name).trains and self._experiment.learning_rates) or (None,)

    def steps(self, name: str) -> int:
        """The steps that a method is trained with, whether its rule is static or not."""
        return self.method(name).steps or self._experiment.steps
