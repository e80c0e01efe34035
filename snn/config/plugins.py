"""Plugins by their names, and documents as typed models. No torch."""

import functools
import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from snn.config.documents import Place
from snn.config.example import example
from snn.config.read import short
from snn.core.errors import InputError, nearest
from snn.core.paths import ROOT

Checked = TypeVar("Checked", bound=BaseModel)
SHAPES = dict.fromkeys(("tuple_type", "list_type"), "is not a list")
SHAPES |= dict.fromkeys(("model_type", "dict_type"), "is not a mapping")


def load_plugin(package: str, name: str, where: str) -> ModuleType:
    """The module `snn.<package>.<name>`, executed without torch.

    Raises InputError with the nearest name, or with the line of a file that cannot be imported.
    """
    folder = f"snn/{package.replace('.', '/')}"
    if name not in (known := plugins(package)):
        raise InputError(where, f"there is no {folder}/{name:.100}.py", nearest(name, known))
    try:
        return importlib.import_module(f"snn.{package}.{name}")
    except InputError:
        raise
    except Exception as error:
        raise _importing(ROOT / folder / f"{name}.py", error) from error


@functools.cache
def plugins(package: str) -> list[str]:
    """The names of the modules `snn.<package>.<name>`."""
    return sorted(path.stem for path in ROOT.joinpath("snn", *package.split(".")).glob("[a-z]*.py"))


def options_of(plugin: ModuleType) -> type[BaseModel]:
    """The model of the options of a plugin; raises InputError naming its file if it defines none."""
    found = getattr(plugin, "Options", None)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        remedy = "write class Options(Model): with the keys of options"
        raise InputError(short(Path(str(plugin.__file__))), "defines no class Options(Model)", remedy)
    return found


def validate(model: type[Checked], document: Any, place: Place) -> Checked:
    """A document as its typed model; raises InputError naming the first wrong key, as `place` leads to it."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what, do = first["msg"].removeprefix("Value error, "), "correct the key"
        what = SHAPES.get(first["type"], what)
        if first["type"] == "missing":
            what, do = "a required key is missing", "write it"
        if first["type"] == "missing" or first["type"].endswith(("_type", "_parsing")):
            shown = example(model, first["loc"])
            do += f", for example {shown}" if shown else ""
        raise InputError(place.at(*map(str, first["loc"])), what, do) from error


def _importing(path: Path, error: Exception) -> InputError:
    """The InputError for a module that cannot be imported: with the last line of this project that was reached."""
    lines = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(file, line) for file, line in lines if file.is_relative_to(ROOT / "snn")]
    file, line = own[-1] if own and own[-1][0] != Path(__file__) else (path, None)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = Path(error.filename), error.lineno
    what = f"cannot be imported ({type(error).__name__}: {getattr(error, 'msg', error)})"
    return InputError(short(file) + (f" line {line}" if line else ""), what, "correct the line")
