"""Parameter files as JSON schemas, and their keys with what they mean: from the typed models, for editors and docs.

A key is described in the docstring of its model, as `key`: text. No torch.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from snn.config import Claims, Published
from snn.config.documents import BASED, KINDS, VARIED
from snn.config.plugins import load_plugin, plugins

Schema = dict[str, Any]
FILES: dict[str, type[BaseModel]] = {**KINDS, "claims": Claims, "published": Published}
PLUGINS = {  # kinds of files with `options`: the key that names a plugin, and the package of the plugin
    "datasets": ("loader", "data.loaders"),
    "methods": ("rule", "rules"),
    "noise": ("model", "hardware.noise"),
}
IMPLIED = {"datasets": "raw"}  # keys that are the name of the file where it states none
KEY = re.compile(r"((?:`\w+`(?:,\s+| and )?)+):\s")
INHERITED = "\nA file may name"  # of a docstring: `base`, which is no field of a model
BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}  # pydantic, of unions
HERE, PARTIAL, VARIANT = "#/$defs/", ".partial", ".variant"


class Told(NamedTuple):
    """What a docstring tells: what the model is, and what every key means."""

    text: str
    keys: dict[str, str]


def told(model: type[BaseModel]) -> Told:
    """The docstring of a model, taken apart; a key that it does not describe is missing."""
    text, keys = (inspect.getdoc(model) or "").split(INHERITED)[0], dict[str, str]()
    hits = [hit for hit in KEY.finditer(text) if set(_names(hit[1])) <= set(model.model_fields)]
    ends = [*(hit.start() for hit in hits[1:]), len(text)]
    for hit, end in zip(hits, ends, strict=True) if hits else ():
        keys |= dict.fromkeys(_names(hit[1]), " ".join(text[hit.end() : end].split()))
    return Told(text[: hits[0].start() if hits else None].strip(), keys)


def options(kind: str) -> dict[str, type[BaseModel]]:
    """The models of `options` by the name of their plugin; none if files of this kind name no plugin."""
    if kind not in PLUGINS:
        return {}
    _, package = PLUGINS[kind]
    return {name: load_plugin(package, name, kind).Options for name in plugins(package)}


def schema(kind: str) -> Schema:
    """The JSON schema of the files of a kind, a key of `FILES`.

    A file that states a `base` may leave out any key, but not those of the items of a list. Keys of `options` are
    checked where the file itself names its plugin.
    """
    model, chosen = FILES[kind], options(kind)
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (one, "validation") for one in (model, *chosen.values())
    ]
    refs, document = models_json_schema(models, schema_generator=_Described, ref_template=f"{HERE}{{model}}")
    found: dict[str, Schema] = _bounded(document["$defs"])
    root = refs[model, "validation"]["$ref"].removeprefix(HERE)
    if kind in IMPLIED:
        found[root]["required"].remove(IMPLIED[kind])
    targets = {name: refs[one, "validation"]["$ref"] for name, one in chosen.items()}
    if kind == "noise":
        targets = {name: _with_level(found, ref) for name, ref in targets.items()}
    if targets:
        holder = found["NoiseModel" if kind == "noise" else root]
        holder["allOf"] = [_if_named(PLUGINS[kind][0], name, found, ref) for name, ref in targets.items()]
    top: Schema = {"$ref": HERE + root}
    if kind in BASED:
        found |= {f"{name}{PARTIAL}": _partial(one) for name, one in found.items()}
        top = {"if": {"required": ["base"]}, "then": {"$ref": HERE + root + PARTIAL}, "else": top}
        _add_structure(kind, found, root)
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": f"a file of params: {kind}", **top, "$defs": found}


class _Described(GenerateJsonSchema):
    """Texts are those of docstrings."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        found, told_of = super().model_schema(schema), told(schema["cls"])
        found.pop("description", None)
        if told_of.text:
            found["description"] = " ".join(told_of.text.split())
        for key, one in found.get("properties", {}).items():
            one.pop("title", None)
            one["description"] = told_of.keys.get(key, "")
        return found


def _bounded(found: Any) -> Any:
    """A schema with the bounds of unions in the words of JSON schema."""
    if isinstance(found, dict):
        return {BOUNDS.get(key, key): _bounded(value) for key, value in found.items()}
    return [_bounded(one) for one in found] if isinstance(found, list) else found


def _names(marks: str) -> list[str]:
    return re.findall(r"`(\w+)`", marks)


def _if_named(key: str, name: str, found: Mapping[str, Schema], ref: str) -> Schema:
    """The condition that a file which names a plugin has the options of that plugin."""
    needed = ["options"] if found[ref.removeprefix(HERE)].get("required") else []
    named = {"properties": {key: {"const": name}}, "required": [key]}
    return {"if": named, "then": {"properties": {"options": {"$ref": ref}}, "required": needed}}


def _with_level(found: dict[str, Schema], ref: str) -> str:
    """Options of a noise model, any of which may be `level` in place of its value."""
    name = ref.removeprefix(HERE)
    keys = {key: {"anyOf": [one, {"const": "level"}]} for key, one in found[name].get("properties", {}).items()}
    found[f"{name}.level"] = {**found[name], "properties": keys}
    return f"{ref}.level"


def _partial(one: Any) -> Any:
    """A schema of what differs from a base: no key is required, except in the items of lists."""
    if not isinstance(one, dict):
        return one
    if "$ref" in one:
        return {**one, "$ref": one["$ref"] + PARTIAL}
    parts: dict[str, Callable[[Any], Any]] = {
        "properties": lambda found: {key: _partial(value) for key, value in found.items()},
        **dict.fromkeys(("anyOf", "oneOf"), lambda found: [_partial(value) for value in found]),
        "allOf": lambda found: [{**value, "then": _partial(value["then"])} for value in found],
    }
    kept = {key: value for key, value in one.items() if key != "required"}
    return {key: parts[key](value) if key in parts else value for key, value in kept.items()}


def _add_structure(kind: str, found: dict[str, Schema], root: str) -> None:
    """The keys `base` and `variants`, which tell how a document is made and are no part of it."""
    whole, partial = found[root], found[root + PARTIAL]
    if kind == VARIED:
        found[root + VARIANT] = {**partial, "properties": dict(partial["properties"])}
        held = {"type": "object", "additionalProperties": {"$ref": HERE + root + VARIANT}}
        for one in (whole, partial):
            one["properties"]["variants"] = {**held, "description": "Further methods by name: what differs from here."}
    partial["properties"]["base"] = {"type": "string", "description": "The file whose keys hold where none is stated."}
