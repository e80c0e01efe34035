"""Columns of tables: what their numbers mean and in which unit. The data dictionary is made from them. No torch."""

import types
import typing
from typing import Any, NamedTuple, Self

from snn.core.strict import Model

METRIC = "of metric"  # the unit of outcomes: percent for accuracy, the squared error itself for mse


class Column(NamedTuple):
    """The unit of a column ("" where it has none) and its meaning, in one sentence without a full stop."""

    unit: str
    meaning: str


class Columns(Model):
    """A row of a table; every field is annotated with its `Column`."""

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """The data dictionary of the table."""
        found = {name: [m for m in field.metadata if isinstance(m, Column)] for name, field in cls.model_fields.items()}
        return {name: column for name, (column,) in found.items()}

    @classmethod
    def pandas_types(cls) -> dict[str, Any]:
        """The type of every column when pandas reads it; whole numbers that may be missing are Int64."""
        return {name: _pandas_type(field.annotation) for name, field in cls.model_fields.items()}

    @classmethod
    def from_text(cls, row: dict[str, str]) -> Self:
        """A row as a CSV file holds it; raises pydantic.ValidationError."""
        return cls.model_validate({name: value for name, value in row.items() if value}, strict=False)


def _pandas_type(annotation: Any) -> Any:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    kinds = [option for option in options if option is not type(None)]
    if len(kinds) == 1 and kinds[0] in (int, float, bool):
        return "Int64" if kinds[0] is int and len(options) > 1 else kinds[0]
    return str
