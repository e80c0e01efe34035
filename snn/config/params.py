"""Typed, strict parameters: one YAML file a thing, its kind given by its folder, its name by the file. No torch.

params/datasets     what to load, how to split, scale and augment it
params/networks     a list of layers
params/methods      a training rule with a recipe
params/noise        a model of imperfect hardware
params/energy       joules per operation
params/experiments  which of these to run, and where a recipe is overridden
"""

import difflib
import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML, YAMLError

from snn.config import Claims, Dataset, Energy, Experiment, Method, Network, Noise, Published
from snn.core.errors import InputError
from snn.core.paths import ROOT
from snn.core.strict import Model
from snn.model.graph import sizes, wire

FOLDER = ROOT / "params"
PLUGINS = {"datasets": "loader", "methods": "rule"}  # the key that names a file of snn/<package>
BASED = {"datasets", "methods", "experiments"}  # a file of these may name another as its base
PACKAGES = {"datasets": "data.loaders", "methods": "rules"}


KINDS: dict[str, type[Model]] = {
    "datasets": Dataset,
    "networks": Network,
    "methods": Method,
    "noise": Noise,
    "energy": Energy,
    "experiments": Experiment,
}


def names(kind: str) -> list[str]:
    """The things of a kind, by file name."""
    return sorted(path.stem for path in (FOLDER / kind).glob("*.yaml"))


def path_of(kind: str, name: str) -> Path:
    """The file that describes a thing; raises InputError with the nearest name when there is none."""
    if name not in names(kind):
        raise InputError(
            f"{kind.removesuffix('s')} '{name}'", "is unknown", _nearest(name, names(kind), f"params/{kind}")
        )
    return FOLDER / kind / f"{name}.yaml"


@functools.cache
def load(kind: str, name: str) -> Any:
    """One thing as its typed model; raises InputError naming file, key and remedy."""
    return parse(kind, _document(kind, name), path_of(kind, name))


def parse(kind: str, document: Any, where: Path, prefix: tuple[str, ...] = ()) -> Any:
    """Check a YAML document against its kind, the options of a plugin included."""
    if kind in PLUGINS and isinstance(document, dict) and isinstance(document.get(PLUGINS[kind]), str):
        plugin = load_plugin(PACKAGES[kind], document[PLUGINS[kind]], f"{_short(where)}: {PLUGINS[kind]}")
        options = _validate(plugin.Options, document.get("options", {}), where, (*prefix, "options"))
        return _validate(KINDS[kind], {**document, "options": options}, where, prefix)
    checked = _validate(KINDS[kind], document, where, prefix)
    if isinstance(checked, Network):
        try:
            sizes(checked.input_shape, wire(checked.layers))
        except ValueError as error:
            raise InputError(f"{_short(where)}: layers", str(error), "change the layer or the input shape") from None
    if isinstance(checked, Noise):
        for level in checked.levels:
            noise_parts(checked, level, where)
    return checked


def noise_parts(noise: Noise, level: float, where: Path = Path("noise")) -> list[tuple[ModuleType, Model]]:
    """The noise models of a chip at a level, in order: module and options. Raises InputError naming `where` and key."""
    parts = []
    for i, part in enumerate(noise.models):
        plugin = load_plugin("hardware.noise", part.model, f"{_short(where)}: models.{i}.model")
        parts.append((plugin, _validate(plugin.Options, part.at(level), where, ("models", str(i), "options"))))
    return parts


@functools.cache
def load_claims() -> Claims:
    """params/claims.yaml; raises InputError naming key and remedy."""
    return _validate(Claims, read_yaml(FOLDER / "claims.yaml"), FOLDER / "claims.yaml")


@functools.cache
def load_published() -> Published:
    """params/published.yaml; raises InputError naming key and remedy."""
    return _validate(Published, read_yaml(FOLDER / "published.yaml"), FOLDER / "published.yaml")


def _document(kind: str, name: str, above: tuple[str, ...] = ()) -> Any:
    """A file's document, merged into that of the one it names as its base."""
    document = read_yaml(path_of(kind, name))
    if not isinstance(document, dict):
        return document
    if kind == "datasets" and "base" not in document:
        document.setdefault("raw", name)  # those that stand on this one share its files
    if kind not in BASED or "base" not in document:
        return document
    base, where = document["base"], f"{_short(path_of(kind, name))}: base"
    if not isinstance(base, str):
        raise InputError(where, f"is not the name of a {kind.removesuffix('s')}", "write base: NAME")
    if base in (name, *above):
        raise InputError(where, f"{base} leads back to itself", "name one that stands alone")
    if base not in names(kind):
        thing = kind.removesuffix("s")
        raise InputError(where, f"there is no {thing} '{base}'", _nearest(base, names(kind), f"params/{kind}"))
    own = {key: value for key, value in document.items() if key != "base"}
    return _merge(_document(kind, base, (name, *above)), own)


def load_method(name: str, override: Mapping[str, Any], where: Path) -> Method:
    """A method, its recipe overridden by an experiment: `override` is merged key by key."""
    method: Method = load("methods", name)
    if not override:
        return method
    return parse("methods", _merge(_document("methods", name), override), where, ("overrides", name))


def load_plugin(package: str, name: str, where: str) -> Any:
    """The module `snn.<package>.<name>`, executed without torch; raises InputError with the nearest name."""
    folder = f"snn/{package.replace('.', '/')}"
    known = sorted(path.stem for path in (ROOT / folder).glob("[a-z]*.py"))
    if name not in known:
        raise InputError(where, f"there is no {folder}/{name}.py", _nearest(name, known, folder))
    return importlib.import_module(f"snn.{package}.{name}")


def read_yaml(path: Path) -> Any:
    """A YAML 1.2 document, loaded safely; a repeated key is an error."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text())
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", error)).strip().splitlines()[0]
        raise InputError(_short(path) + line, f"is not valid YAML ({problem})", "mend the line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_short(path), f"cannot be read ({error})", "restore the file") from error


def _validate(model: type[BaseModel], document: Any, where: Path, prefix: tuple[str, ...] = ()) -> Any:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, (*prefix, *first["loc"])))
        known = first.get("type") == "literal_error" and first["ctx"]["expected"].replace(" or ", ", ").split(", ")
        hint = f", the nearest is {_near(str(first['input']), known)}" if known else ""
        what = (
            "a required key is missing"
            if first.get("type") == "missing"
            else first["msg"].removeprefix("Value error, ") + hint
        )
        raise InputError(f"{_short(where)}: {key or 'document'}", what, "mend the key") from error


def _merge(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, Mapping):
        return {**base, **{key: _merge(base.get(key), value) for key, value in change.items()}}
    return change


def _near(name: str, known: list[str]) -> str:
    return difflib.get_close_matches(name, known, n=1, cutoff=0)[0]


def _nearest(name: str, known: list[str], folder: str) -> str:
    return f"the nearest is '{_near(name, known)}'" if known else f"{folder} is empty"


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
