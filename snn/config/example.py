"""What a value of a parameter file may look like, from its type: the example in an error message. No torch."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator

VALUES = {bool: "true", int: "1", float: "0.1", str: "NAME"}


def example(model: type[BaseModel], keys: Sequence[int | str]) -> str:
    """The key that `keys` lead to in a model, with a value that has the right shape, in YAML.

    Places in lists are passed by: the example is that of the whole list. Empty if the type tells nothing.
    """
    kind: Any = model
    shown = ("", kind)
    for key in keys:
        kind = _inside(kind, key)
        if kind is None:
            break
        if isinstance(key, str):
            shown = (key, kind)
    name, kind = shown
    value = written(kind)
    return f"{name}: {value}" if name and value else value


def written(kind: Any) -> str:
    """A value of a type as YAML in one line; empty if the type tells nothing."""
    kind = _plain(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return str(inner[0])
    if origin in (tuple, list):
        return f"[{written(inner[0])}]"
    if origin is dict:
        return f"{{NAME: {written(inner[1]) or '...'}}}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        wanted = [name for name, field in fields.items() if field.is_required()] or list(fields)[:1]
        return "{" + ", ".join(f"{name}: {written(fields[name].annotation) or '...'}" for name in wanted) + "}"
    return VALUES.get(kind, "") if isinstance(kind, type) else ""


def _inside(kind: Any, key: int | str) -> Any:
    """The type of a field or an item; None if there is no such thing."""
    if any(isinstance(part, Discriminator) for part in get_args(kind)):
        return None  # the key is a tag
    kind = _plain(kind)
    inner = get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(key))
        return field.annotation if field else None
    if get_origin(kind) in (tuple, list):
        return inner[0]
    return inner[1] if issubclass(get_origin(kind) or object, Mapping) else None


def _plain(kind: Any) -> Any:
    """A type without its constraints; of several, the first that is not None."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        else:
            return kind
