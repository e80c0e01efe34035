"""Imperfect hardware: noise models that stack, at levels. No torch."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from snn.core.strict import Many, Model


class NoiseModel(Model):
    """One model of imperfect hardware; an option that says `level` takes the value of the level."""

    model: str
    options: dict[str, Any] = {}

    def at(self, level: float) -> dict[str, Any]:
        """The options at a level."""
        return {name: level if value == "level" else value for name, value in self.options.items()}


class Noise(Model):
    """Imperfect hardware: models that a programmed value and a neuron meet one after the other.

    `level`: what the level is, in words; `levels`: those to use where an experiment says none; `better`: which of two
    levels is the better chip.
    """

    source: str
    level: Annotated[str, Field(min_length=1)]
    levels: Annotated[Many[Annotated[int | float, Field(gt=0)]], Field(min_length=1)]
    better: Literal["lower", "higher"] = "lower"
    models: Annotated[Many[NoiseModel], Field(min_length=1)]

    @model_validator(mode="after")
    def _sorted(self) -> "Noise":
        if list(self.levels) != sorted(set(self.levels)):
            raise ValueError("levels must rise from one to the next")
        if not any("level" in part.options.values() for part in self.models):
            raise ValueError("no option of models says level, so that all levels would be alike")
        return self
