"""Typed, strict parameters: a thing is found by its kind, which is a folder, and its name. No torch.

params/datasets     what to load, how to split, scale and augment it
params/networks     a list of layers
params/methods      a training rule with its recipe, and variants of it
params/noise        a model of imperfect hardware
params/energy       the energy of an operation
params/experiments  which of these to run, and where a recipe is overridden
"""

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar, overload

from pydantic import BaseModel, ValidationError

from snn.config import Claims, Dataset, Energy, Experiment, Method, Network, Noise, Published
from snn.config.documents import (
    FOLDER,
    KINDS,
    Place,
    Thing,
    base_of,
    find,
    merge,
    names,
    path_of,
    resolve,
    variants,
)
from snn.config.read import read_yaml
from snn.core.errors import InputError, nearest
from snn.core.paths import ROOT
from snn.model.graph import sizes, wire

__all__ = [
    "FOLDER",
    "KINDS",
    "Place",
    "load",
    "load_claims",
    "load_method",
    "load_plugin",
    "load_published",
    "names",
    "noise_parts",
    "parse",
    "path_of",
    "read_yaml",
    "validate",
]

PLUGINS = {"datasets": "loader", "methods": "rule"}  # the key that names a file of snn/<package>
PACKAGES = {"datasets": "data.loaders", "methods": "rules"}
Checked = TypeVar("Checked", bound=BaseModel)


@overload
def load(kind: Literal["datasets"], name: str) -> Dataset: ...
@overload
def load(kind: Literal["networks"], name: str) -> Network: ...
@overload
def load(kind: Literal["methods"], name: str) -> Method: ...
@overload
def load(kind: Literal["noise"], name: str) -> Noise: ...
@overload
def load(kind: Literal["energy"], name: str) -> Energy: ...
@overload
def load(kind: Literal["experiments"], name: str) -> Experiment: ...
@overload
def load(kind: str, name: str) -> Thing: ...
def load(kind: str, name: str) -> Thing:
    """One thing as its typed model; raises InputError naming file, key and remedy."""
    return _load(kind, name)


@functools.cache
def _load(kind: str, name: str) -> Thing:
    place, document = find(kind, name), resolve(kind, name)
    if base := base_of(kind, name):
        _load(kind, base)  # an error of the base is reported there
    thing = parse(kind, document, place.file, place.keys)
    for variant in variants(kind, name):
        parse(kind, resolve(kind, variant), place.file, ("variants", variant))
    return thing


def parse(kind: str, document: Any, where: Path, prefix: tuple[str, ...] = ()) -> Thing:
    """Check a YAML document against its kind, the options of a plugin included.

    `where` and `prefix` are the file and the key that error messages name.
    """
    place = Place(where, prefix)
    checked = validate(KINDS[kind], _with_options(kind, document, place), place)
    if isinstance(checked, Network):
        try:
            sizes(checked.input_shape, wire(checked.layers))
        except ValueError as error:
            raise InputError(place.at("layers"), str(error), "change the layer or the input shape") from None
    if isinstance(checked, Noise):
        for level in checked.levels:
            noise_parts(checked, level, where)
    return checked


def noise_parts(noise: Noise, level: float, where: Path = Path("noise")) -> list[tuple[ModuleType, BaseModel]]:
    """The noise models of a chip at a level, in order: module and options. Raises InputError naming `where` and key."""
    parts = []
    for i, part in enumerate(noise.models):
        place = Place(where, ("models", str(i)))
        plugin = load_plugin("hardware.noise", part.model, place.at("model"))
        parts.append((plugin, validate(plugin.Options, part.at(level), Place(where, (*place.keys, "options")))))
    return parts


def load_method(name: str, override: Mapping[str, Any], where: Path) -> Method:
    """A method, its recipe overridden by an experiment: `override` is merged key by key."""
    method = load("methods", name)  # an error of the method itself is reported there
    if not override:
        return method
    place = Place(where, ("overrides", name))
    return validate(Method, _with_options("methods", merge(resolve("methods", name), override), place), place)


def load_plugin(package: str, name: str, where: str) -> ModuleType:
    """The module `snn.<package>.<name>`, executed without torch; raises InputError with the nearest name."""
    folder = f"snn/{package.replace('.', '/')}"
    if name not in (known := _plugins(folder)):
        raise InputError(where, f"there is no {folder}/{name:.100}.py", nearest(name, known))
    return importlib.import_module(f"snn.{package}.{name}")


@functools.cache
def _plugins(folder: str) -> list[str]:
    """The names of the plugins in a folder."""
    return sorted(path.stem for path in (ROOT / folder).glob("[a-z]*.py"))


@functools.cache
def load_claims() -> Claims:
    """params/claims.yaml; raises InputError naming key and remedy."""
    return validate(Claims, read_yaml(FOLDER / "claims.yaml"), Place(FOLDER / "claims.yaml"))


@functools.cache
def load_published() -> Published:
    """params/published.yaml; raises InputError naming key and remedy."""
    return validate(Published, read_yaml(FOLDER / "published.yaml"), Place(FOLDER / "published.yaml"))


def _with_options(kind: str, document: Any, place: Place) -> Any:
    """A document with `options` as the model of its plugin, if it names one."""
    if kind not in PLUGINS or not isinstance(document, dict) or not isinstance(document.get(PLUGINS[kind]), str):
        return document
    plugin = load_plugin(PACKAGES[kind], document[PLUGINS[kind]], place.at(PLUGINS[kind]))
    options = validate(plugin.Options, document.get("options", {}), Place(place.file, (*place.keys, "options")))
    return {**document, "options": options}


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
