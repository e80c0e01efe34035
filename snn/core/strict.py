"""The base of all parameters: frozen, strict models, their bounds, and the part of them that enters a digest. No torch.

Every whole number is bounded: a slip of the finger is refused when it is read, and not by a job that hangs or crashes.
"""

import functools
from collections.abc import Collection
from math import prod
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from snn.core.errors import nearest

Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]  # accepts the lists of YAML
MOST = 1_000_000  # of what is counted: channels, neurons, classes, samples of a batch
MOST_EPOCHS = 100_000
MOST_CHIPS = 10_000  # of a level
MOST_PIXELS = 10_000  # of a kernel, a stride, a padding, a shift
MOST_NUMBERS = 100_000_000  # of a sample at one step
HIGHEST_LEVEL = 1e9  # of noise
Positive = Annotated[int, Field(gt=0, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Epochs = Annotated[int, Field(gt=0, le=MOST_EPOCHS)]
Chips = Annotated[int, Field(gt=0, le=MOST_CHIPS)]
Pixels = Annotated[int, Field(ge=0, le=MOST_PIXELS)]
Window = Annotated[int, Field(gt=0, le=MOST_PIXELS)]
Level = Annotated[int | float, Field(gt=0, le=HIGHEST_LEVEL)]


def _small_enough(shape: tuple[int, ...]) -> tuple[int, ...]:
    if prod(shape) > MOST_NUMBERS:
        raise ValueError(f"{prod(shape):,} numbers are more than {MOST_NUMBERS:,}")
    return shape


Shape = Annotated[Many[Positive], Field(min_length=1, max_length=3), AfterValidator(_small_enough)]


class Neutral(NamedTuple):
    """Marks the value of an option at which code behaves as before the option existed.

    A field with that value is left out of the hashed document, so that a new option renames no result. This value is
    not the default: if a default changes, the field is hashed.
    """

    value: object


class Model(BaseModel):
    """Base of all parameters: frozen and strict. The error for an unknown key names the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_key(cls, document: Any) -> Any:
        fields = cls.model_fields
        for key in document if isinstance(document, dict) else ():
            if key not in fields:
                context = {"key": key, "nearest": nearest(str(key), fields)}
                raise PydanticCustomError("unknown_key", "unknown key '{key}', {nearest}", context)
        return document

    def hashed(self, *names: str, but: Collection[str] = ()) -> dict[str, Any]:
        """The fields that enter a digest, as JSON: `names`, or all without `but`. Neutral fields are left out."""
        neutral = _neutral(type(self))
        wanted = set(names or type(self).model_fields) - set(but)
        wanted -= {name for name, values in neutral.items() if getattr(self, name) in values}
        document = self.model_dump(mode="json", include=wanted)
        return {name: _hashed(getattr(self, name), value) for name, value in document.items()}


@functools.cache
def _neutral(model: type[Model]) -> dict[str, list[object]]:
    """The neutral values of the fields that have one."""
    marks = {name: [m.value for m in f.metadata if isinstance(m, Neutral)] for name, f in model.model_fields.items()}
    return {name: values for name, values in marks.items() if values}


def _hashed(value: Any, document: Any) -> Any:
    """The document of a value, without the neutral fields of models inside it."""
    if isinstance(value, Model):
        return value.hashed()
    if isinstance(value, tuple | list):
        return [_hashed(item, part) for item, part in zip(value, document, strict=True)]
    return document
