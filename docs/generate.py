"""What the code alone knows, as pages and schemas: python -m docs.generate [--check].

docs/reference/parameters.md   every key of every parameter file, from the typed models in snn/config
docs/reference/commands.md     every command with its arguments, from the parser
docs/reference/python.md       the public names of Python with a line each, from docs/python.py and the docstrings
docs/reference/python-full.md  what Sphinx fills with all docstrings
docs/schemas/*.json            the JSON schemas of parameter files, for editors
"""

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from docs import python
from snn.cli.parse import parser
from snn.config import schemas
from snn.core import files
from snn.core.paths import ROOT
from snn.report.markdown import table

DOCS = ROOT / "docs"
NOTE = "<!-- written by `python -m docs.generate`, do not edit -->\n"
PARAMETERS = """# Parameter files

Every key of every file in `params`. Keys with a default may be left out, all others are required. Numbers have bounds,
and an unknown key is refused with the nearest valid one. A file that states a `base` states only what differs; mappings
are merged key by key, lists are replaced. How an editor completes and checks these files:
[Schemas for editors](../schemas/README.md).

"""
COMMANDS = """# Command line

Every command, as `.venv/bin/python -m snn COMMAND --help` prints it. Exit status: 0 done; 1 jobs are due or tables
stale; 2 bad input, in one line on standard error; 3 the plan has changed; 4 stopped on request; 130 interrupted.

"""
PLACES = {kind: f"params/{kind}/NAME.yaml" for kind in schemas.KINDS} | {
    "claims": "params/claims.yaml",
    "published": "params/published.yaml",
}
Schema = Mapping[str, Any]


def pages() -> dict[Path, str]:
    """The text of every generated file."""
    made = {kind: schemas.schema(kind) for kind in schemas.FILES}
    texts = {DOCS / "schemas" / f"{kind}.json": json.dumps(one, indent=1) + "\n" for kind, one in made.items()}
    texts[DOCS / "reference/parameters.md"] = NOTE + PARAMETERS + "\n\n".join(_kinds(made)) + "\n"
    texts[DOCS / "reference/commands.md"] = NOTE + COMMANDS + "\n\n".join(_commands(parser())) + "\n"
    texts[DOCS / "reference/python.md"] = NOTE + python.listed()
    texts[DOCS / "reference/python-full.md"] = NOTE + python.directives()
    return texts


def _kinds(made: Mapping[str, Schema]) -> Iterator[str]:
    """The sections of all kinds; a model that occurs in several is described where it occurs first."""
    described: set[str] = set()
    for kind, document in made.items():
        found = document["$defs"]
        root = schemas.FILES[kind].__name__
        yield f"## {kind.capitalize()}: `{PLACES[kind]}`"
        for name in _reached(root, found):
            if name in described:
                continue
            described.add(name)
            heading = [] if name == root else [f"### {_title(name)}"]
            keys = found[name].get("properties", {})
            if base := found.get(f"{name}{schemas.PARTIAL}", {}).get("properties", {}).get("base"):
                keys = {**keys, "base": {**base, "default": None}}
            tables = [_keys(keys, found[name].get("required", ()))] if keys else []
            yield "\n\n".join([*heading, _sentence(found[name].get("description", "")), *tables])


def _reached(root: str, found: Mapping[str, Schema]) -> list[str]:
    """The models below one, in the order in which a reader meets them; models of options last."""
    order, waiting = [root], [root]
    while waiting:
        for name in _refs(found[waiting.pop(0)].get("properties", {})):
            if name not in order and name != "BaseModel" and "." not in name:
                order.append(name)
                waiting.append(name)
    plugins = [name for name in found if "Options" in name and "." not in name]
    for name in plugins:
        order += [name, *(ref for ref in _refs(found[name].get("properties", {})) if ref not in order)]
    return order


def _refs(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"].removeprefix(schemas.HERE)] if "$ref" in part else []
        return own + [name for value in part.values() for name in _refs(value)]
    return [name for value in part for name in _refs(value)] if isinstance(part, list) else []


def _title(name: str) -> str:
    """The heading of a model; options are named by their plugin."""
    if "Options" not in name:
        return name
    _, *package, plugin, _ = name.split("__")
    return f"Options of `{plugin}` ({'/'.join(package)})"


def _keys(keys: Mapping[str, Schema], required: Collection[str]) -> str:
    return table(
        {
            "key": [f"`{key}`" for key in keys],
            "value": [_value(one) for one in keys.values()],
            "default": ["*required*" if key in required else _default(one) for key, one in keys.items()],
            "meaning": [_sentence(one.get("description", "")) for one in keys.values()],
        }
    )


def _default(one: Schema) -> str:
    if "default" not in one and "additionalProperties" in one:
        return "none"
    if "default" not in one:
        return "the name of the file"
    value = one["default"]
    return (
        "none" if value in (None, [], {}) else "its defaults" if isinstance(value, dict) else f"`{json.dumps(value)}`"
    )


def _value(one: Schema) -> str:
    """The type of a value, in words."""
    if "$ref" in one:
        name = one["$ref"].removeprefix(schemas.HERE)
        return "mapping" if name == "BaseModel" else f"[{name}](#{name.lower()})"
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if choices := one.get("anyOf") or one.get("oneOf"):
        shared = {key: value for key, value in one.items() if key not in ("anyOf", "oneOf")}
        kinds = {part.get("type") for part in choices}
        told = [part for part in choices if part.get("type") != "integer" or "number" not in kinds]
        parts = dict.fromkeys(_value(part if "$ref" in part else {**shared, **part}) for part in told)
        return " or ".join(part for part in parts if part != "null") + (", or null" if "null" in parts else "")
    if one.get("type") == "array":
        return f"list of {_value(one['items'])}"
    return {"object": "mapping", "string": "text", "boolean": "true or false"}.get(one["type"], _number(one))


def _number(one: Schema) -> str:
    bounds = [
        f"{sign} {one[key]:,}" if isinstance(one[key], int) else f"{sign} {one[key]:g}"
        for key, sign in (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<="), ("exclusiveMaximum", "<"))
        if key in one
    ]
    return " ".join([one["type"], *([", ".join(bounds)] if bounds else [])])


def _sentence(text: str) -> str:
    """A text as it stands in a table of Markdown: equations may hold bars and stars."""
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", r"\<")


def _commands(top: argparse.ArgumentParser) -> Iterator[str]:
    """A section per command, those of groups included."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts = {choice.dest: choice.help for choice in action._choices_actions}
            for name, command in action.choices.items():
                prog = f"{top.prog} {name}"
                yield f"## `{prog.removeprefix('python -m snn ')}`\n\n{_sentence(texts.get(name) or '')}."
                rows = [one for one in command._actions if not isinstance(one, argparse._HelpAction)]
                if rows and not any(isinstance(one, argparse._SubParsersAction) for one in rows):
                    yield _arguments(rows)
                yield from _commands(command)


def _arguments(actions: list[argparse.Action]) -> str:
    return table(
        {
            "argument": [
                ", ".join(f"`{name}`" for name in one.option_strings or [one.metavar or one.dest]) for one in actions
            ],
            "default": [_if_left_out(one) for one in actions],
            "meaning": [_sentence(one.help or "") for one in actions],
        }
    )


def _if_left_out(one: argparse.Action) -> str:
    if one.required:
        return "*required*"
    if one.nargs == 0:
        return "off"
    return f"`{one.default}`" if one.default and one.default != argparse.SUPPRESS else "none"


def main() -> int:
    """Write the files; with --check write none, and return 1 if one is not of today."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a file is not of today")
    check = options.parse_args().check
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is stale: run python -m docs.generate' if check else 'written'}")
        if not check:
            files.write(path, pages()[path])
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
