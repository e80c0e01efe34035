"""Imperfect hardware: stacks of noise models at several levels. No torch."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from snn.core.strict import Level, Many, Model


class NoiseModel(Model):
    """One noise model; an option with the value `level` takes the level of the chip (`snn/config/levels.py`).

    `model`: a file of snn/hardware/noise. `options`: the keys of the model.
    """

    model: str
    options: dict[str, Any] = {}


class Noise(Model):
    """Imperfect hardware: noise models that are applied one after the other.

    `level`: what the level means, in words. `levels`: the levels of experiments that choose none. `better`: whether a
    lower or a higher level is the better chip.
    `source`: where the values come from, or why they were chosen. `models`: from the first that acts to the last.
    """

    source: str
    level: Annotated[str, Field(min_length=1)]
    levels: Annotated[Many[Level], Field(min_length=1)]
    better: Literal["lower", "higher"] = "lower"
    models: Annotated[Many[NoiseModel], Field(min_length=1)]

    @model_validator(mode="after")
    def _sorted(self) -> "Noise":
        if list(self.levels) != sorted(set(self.levels)):
            raise ValueError("levels must rise from one to the next")
        if not any("level" in part.options.values() for part in self.models):
            raise ValueError("no option of models says level, so that all levels would be alike")
        return self
