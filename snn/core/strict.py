"""The base of everything typed: frozen, strict models, and what of them enters a digest. No torch."""

import difflib
from collections.abc import Collection
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]  # a YAML list is welcome
Shape = Many[int]
Positive = Annotated[int, Field(gt=0)]


class Neutral(NamedTuple):
    """The value of an option at which the code does what it did before the option existed.

    A field that is annotated with it and has that value is left out of the document that is hashed, so that a new
    option renames no result. It is not the default: a default may change, and then the field is hashed.
    """

    value: object


class Model(BaseModel):
    """Base of everything typed: frozen, strict, and an unknown key is answered with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_key(cls, document: Any) -> Any:
        for key in document if isinstance(document, dict) else ():
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1, cutoff=0)
                raise PydanticCustomError(
                    "unknown_key", "unknown key '{key}', the nearest is '{near}'", {"key": key, "near": near[0]}
                )
        return document

    def hashed(self, *names: str, but: Collection[str] = ()) -> dict[str, Any]:
        """What enters a digest, as JSON: the fields `names`, or all `but` some, less those that are neutral."""
        wanted = set(names or type(self).model_fields) - set(but)
        document = self.model_dump(mode="json", include=wanted)
        return {
            name: _hashed(getattr(self, name), value) for name, value in document.items() if not self._neutral(name)
        }

    def _neutral(self, name: str) -> bool:
        marks = [mark for mark in type(self).model_fields[name].metadata if isinstance(mark, Neutral)]
        return any(mark.value == getattr(self, name) for mark in marks)


def _hashed(value: Any, document: Any) -> Any:
    """The document of a value, without what is neutral in the models that it holds."""
    if isinstance(value, Model):
        return value.hashed()
    if isinstance(value, tuple | list):
        return [_hashed(item, part) for item, part in zip(value, document, strict=True)]
    return document
