"""Typed, strict parameters: a thing is found by its kind, which is a folder, and its name. No torch.

params/datasets     what to load, how to split, scale and augment it
params/networks     a list of layers
params/methods      a training rule with its recipe, and variants of it
params/noise        a model of imperfect hardware
params/energy       the energy of an operation
params/experiments  which of these to run, and where a recipe is overridden
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

from snn.config import Claims, Dataset, Energy, Experiment, Method, Network, Noise, Published, levels
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
from snn.config.plugins import load_plugin, options_of, validate
from snn.config.read import read_yaml
from snn.core.errors import InputError
from snn.model.graph import sizes, wire

__all__ = [
    "FOLDER",
    "KINDS",
    "Place",
    "literature",
    "load",
    "load_plugin",
    "names",
    "parse",
    "path_of",
    "read_yaml",
    "validate",
]

PLUGINS = {"datasets": "loader", "methods": "rule"}  # the key that names a file of snn/<package>
PACKAGES = {"datasets": "data.loaders", "methods": "rules"}


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
            levels.noise_parts(checked, level, where)
    return checked


def load_method(name: str, override: Mapping[str, Any], where: Path) -> Method:
    """A method, its recipe overridden by an experiment: `override` is merged key by key."""
    method = load("methods", name)  # an error of the method itself is reported there
    if not override:
        return method
    place = Place(where, ("overrides", name))
    return validate(Method, _with_options("methods", merge(resolve("methods", name), override), place), place)


@functools.cache
def literature() -> tuple[Claims, Published]:
    """params/claims.yaml and params/published.yaml; raises InputError naming file, key and remedy."""
    claims, published = FOLDER / "claims.yaml", FOLDER / "published.yaml"
    return (
        validate(Claims, read_yaml(claims), Place(claims)),
        validate(Published, read_yaml(published), Place(published)),
    )


def _with_options(kind: str, document: Any, place: Place) -> Any:
    """A document with `options` as the model of its plugin, if it names one."""
    if kind not in PLUGINS or not isinstance(document, dict) or not isinstance(document.get(PLUGINS[kind]), str):
        return document
    plugin = load_plugin(PACKAGES[kind], document[PLUGINS[kind]], place.at(PLUGINS[kind]))
    options = validate(options_of(plugin), document.get("options", {}), Place(place.file, (*place.keys, "options")))
    return {**document, "options": options}
