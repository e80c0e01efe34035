"""The methods of an experiment: recipes with its overrides, rules, learning rates, steps. No torch."""

from collections.abc import Sequence
from pathlib import Path

from snn import config, rules
from snn.config import params
from snn.config.documents import merge
from snn.pipeline import rule_file
from snn.rules import Rule


class Recipes:
    """The methods of an experiment, each read once. Raises InputError naming file and key."""

    def __init__(self, experiment: config.Experiment, where: Path):
        self._experiment, self._where = experiment, where
        self._methods: dict[tuple[str, float | None], config.Method] = {}
        self._rules: dict[str, Rule] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The teacher, then the methods that the experiment names."""
        return (self._experiment.teacher, *self._experiment.methods)

    def method(self, name: str) -> config.Method:
        """A method with the epochs and the overrides of the experiment."""
        if (name, None) not in self._methods:
            change = self._experiment.overrides.get(name, {})
            if self._experiment.epochs:
                change = merge({"training": {"epochs": self._experiment.epochs}}, change)
            self._methods[name, None] = params.load_method(name, change, self._where)
        return self._methods[name, None]

    def with_learning_rate(self, name: str, lr: float | None) -> config.Method:
        """A method at this learning rate; None is its own."""
        method = self.method(name)
        if (name, lr) not in self._methods:
            training = method.training.model_copy(update={"lr": lr})
            self._methods[name, lr] = method.model_copy(update={"training": training})
        return self._methods[name, lr]

    def rule(self, name: str) -> Rule:
        """The rule of a method, with the options of the method."""
        if name not in self._rules:
            method = self.method(name)
            rule = rules.load(method.rule, name)
            rule_file.check(rule)
            self._rules[name] = rule(method.options)
        return self._rules[name]

    def teacher(self, name: str) -> str | None:
        """The method whose networks teach those of a method; None if its rule needs no teacher."""
        return (self.method(name).teacher or self._experiment.teacher) if "teacher" in self.rule(name).parents else None

    def needed(self, name: str) -> set[str]:
        """A method, and all whose networks it needs: teachers, and what it starts from."""
        start = self.method(name).start
        others = [self.teacher(name), start.method if start else None]
        return {name}.union(*(self.needed(other) for other in others if other))

    def learning_rates(self, name: str) -> Sequence[float]:
        """The experiment's grid, of which a method gets one; none for the teacher and where nothing is trained."""
        tuned = name != self._experiment.teacher and self.rule(name).trains
        return self._experiment.learning_rates if tuned else ()

    def steps(self, name: str) -> int:
        """The steps of a method: its own, or those of the experiment; also for a rule that uses one step."""
        return self.method(name).steps or self._experiment.steps
