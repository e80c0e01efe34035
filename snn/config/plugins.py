"""Plugins by their names, and documents as typed models. No torch."""

import functools
import importlib
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from snn.config.documents import Place
from snn.core.errors import InputError, nearest
from snn.core.paths import ROOT

Checked = TypeVar("Checked", bound=BaseModel)


def load_plugin(package: str, name: str, where: str) -> ModuleType:
    """The module `snn.<package>.<name>`, executed without torch; raises InputError with the nearest name."""
    if name not in (known := plugins(package)):
        folder = f"snn/{package.replace('.', '/')}"
        raise InputError(where, f"there is no {folder}/{name:.100}.py", nearest(name, known))
    return importlib.import_module(f"snn.{package}.{name}")


@functools.cache
def plugins(package: str) -> list[str]:
    """The names of the modules `snn.<package>.<name>`."""
    return sorted(path.stem for path in ROOT.joinpath("snn", *package.split(".")).glob("[a-z]*.py"))


def validate(model: type[Checked], document: Any, place: Place) -> Checked:
    """A document as its typed model; raises InputError naming the first wrong key, as `place` leads to it."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "missing":
            what = "a required key is missing"
        else:
            what = first["msg"].removeprefix("Value error, ")
        raise InputError(place.at(*map(str, first["loc"])), what, "correct the key") from error
