"""Parameter files as YAML documents: names, `base` and `variants`. No torch.

A file of the kinds in `BASED` may name another one as its `base` and state only the keys that differ. A method file may
have a section `variants`: names of further methods, each with the keys in which it differs from the file.
"""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from snn.config import Dataset, Energy, Experiment, Method, Network, Noise
from snn.config.read import read_yaml, short
from snn.core.errors import InputError, nearest
from snn.core.paths import PARAMS

FOLDER = PARAMS
Thing = Dataset | Energy | Experiment | Method | Network | Noise
KINDS: dict[str, type[Thing]] = {
    "datasets": Dataset,
    "networks": Network,
    "methods": Method,
    "noise": Noise,
    "energy": Energy,
    "experiments": Experiment,
}
BASED = {"datasets", "networks", "methods", "experiments"}
VARIED = "methods"  # the kind whose files may have variants
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")  # names become folders below results/
MOST_VARIANTS = 100  # of a file
RENAME = "use letters, digits, '_', '-' and '.', and start with none of '-' and '.'"


class Place(NamedTuple):
    """Where a thing is described: a file and, for a variant, the keys that lead to it there."""

    file: Path
    keys: tuple[str, ...] = ()

    def at(self, *keys: str) -> str:
        """A key below it, as error messages name it."""
        return f"{short(self.file)}: {'.'.join((*self.keys, *keys)) or 'document'}"


def names(kind: str) -> list[str]:
    """The names of a kind: its files, and the variants in them."""
    return sorted({*_files(kind), *(_variants(FOLDER / kind) if kind == VARIED else ())})


def path_of(kind: str, name: str, where: str = "") -> Path:
    """The file that describes a thing; raises InputError as `find` does."""
    return find(kind, name, where).file


def _is_value(name: str) -> bool:
    """Whether a command line reads a name as something else."""
    try:
        float(name)
    except ValueError:
        return name.lower() in ("true", "false", "null", "none") or bool(re.fullmatch(r"0[xob]\w+|\d+-\d+-\d+", name))
    return True


def find(kind: str, name: str, where: str = "") -> Place:
    """Where a thing is described.

    Raises InputError for a name that no file may have, and with the nearest name for one that is unknown. It names
    `where`, the file and key that name the thing, if they are given.
    """
    thing = f"{singular(kind)} '{name:.100}'"
    where, thing = (where, f"{thing} ") if where else (thing, "")
    if not NAME.fullmatch(name):
        raise InputError(where, f"{thing}is not a valid name", RENAME)
    if kind == "experiments" and _is_value(name):
        raise InputError(where, f"{thing}is a number or a truth value to Snakemake", RENAME)
    if (FOLDER / kind / f"{name}.yaml").is_file():
        return Place(FOLDER / kind / f"{name}.yaml")
    if kind == VARIED and name in _variants(FOLDER / kind):
        return Place(_variants(FOLDER / kind)[name][0], ("variants", name))
    raise InputError(where, f"{thing}is unknown", nearest(name, names(kind)))


def resolve(kind: str, name: str, above: tuple[str, ...] = ()) -> Any:
    """The complete document of a thing: what it states itself, merged into the document of its base.

    The base of a variant is the file that it is in. `above` names what is based on this thing. Raises InputError naming
    file and key.
    """
    place = find(kind, name)
    if place.keys:
        return merge(resolve(kind, place.file.stem, (name, *above)), _section(kind, place.file)[name])
    found = _read(place.file)
    if not isinstance(found, dict):
        return found
    _check_keys(kind, place, found)
    _section(kind, place.file)
    own = {key: value for key, value in found.items() if key not in _structural(kind)}
    if kind not in BASED or "base" not in found:
        return {"raw": name, **own} if kind == "datasets" else own  # data sets that are based on it share its files
    return merge(_base(kind, place, found["base"], (name, *above)), own)


def base_of(kind: str, name: str) -> str | None:
    """What a thing states its difference to, if it does; for a variant, the file that it is in."""
    place = find(kind, name)
    if place.keys:
        return place.file.stem
    found = _read(place.file)
    return found.get("base") if kind in BASED and isinstance(found, dict) else None


def variants(kind: str, name: str) -> list[str]:
    """The variants that the file `name` describes; raises InputError naming file and key."""
    return [] if kind != VARIED or find(kind, name).keys else list(_section(kind, find(kind, name).file))


def merge(base: Any, change: Any) -> Any:
    """`base` with the values of `change`, mappings merged key by key."""
    if isinstance(base, dict) and isinstance(change, Mapping):
        return {**base, **{key: merge(base.get(key), value) for key, value in change.items()}}
    return change


def singular(kind: str) -> str:
    """What one thing of a kind is called."""
    return kind.removesuffix("s")


_read = functools.cache(read_yaml)


def _files(kind: str) -> list[str]:
    return [path.stem for path in (FOLDER / kind).glob("*.yaml") if NAME.fullmatch(path.stem) and path.is_file()]


@functools.cache
def _variants(folder: Path) -> dict[str, list[Path]]:
    """The files in a folder that describe a variant, by its name. What is wrong with them is left to `_section`."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder / f"{name}.yaml" for name in _files(folder.name)):
        if b"variants" in path.read_bytes():  # few files have any: the others stay unread
            contents = _read(path)
            section = contents.get("variants") if isinstance(contents, dict) else None
            for name in section if isinstance(section, dict) else ():
                if isinstance(name, str) and NAME.fullmatch(name):
                    found.setdefault(name, []).append(path)
    return found


def _section(kind: str, path: Path) -> dict[str, Any]:
    """The section `variants` of a file; raises InputError naming the key that is wrong."""
    section, place = _read(path).get("variants", {}) if kind == VARIED else {}, Place(path, ("variants",))
    if not isinstance(section, dict):
        raise InputError(place.at(), "is not a mapping", "write NAME: and below it the keys that differ")
    if len(section) > MOST_VARIANTS:
        raise InputError(place.at(), f"holds {len(section)} variants, more than {MOST_VARIANTS}", "use several files")
    for name, own in section.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InputError(place.at(str(name)), "is not a valid name", RENAME)
        if not isinstance(own, dict):
            raise InputError(place.at(name), "is not a mapping", "write the keys that differ")
        first = find(kind, name)
        others = [*([] if first.keys else [first.file]), *(o for o in _variants(FOLDER / kind)[name] if o != path)]
        if others:
            raise InputError(place.at(name), f"is also described in {short(others[0])}", "choose another name")
    return section


def _base(kind: str, place: Place, base: object, above: tuple[str, ...]) -> Any:
    """The document of the base that a file names."""
    where, thing = place.at("base"), singular(kind)
    if not isinstance(base, str):
        raise InputError(
            where, f"is not the name of {'an' if thing[0] in 'aeiou' else 'a'} {thing}", "write base: NAME"
        )
    if base in above:
        raise InputError(where, f"{base} leads back to itself", "name one that is not based on this one")
    if base not in names(kind):
        raise InputError(where, f"there is no {thing} '{base:.100}'", nearest(base, names(kind)))
    return resolve(kind, base, above)


def _structural(kind: str) -> set[str]:
    """The keys of a file that say how its document is made and are no part of it."""
    return {*(["base"] if kind in BASED else ()), *(["variants"] if kind == VARIED else ())}


def _check_keys(kind: str, place: Place, found: Mapping[object, object]) -> None:
    known = [*KINDS[kind].model_fields, *_structural(kind)]
    if unknown := [str(key) for key in found if key not in known]:
        what = f"unknown key '{unknown[0]:.100}', {nearest(unknown[0], known)}"
        raise InputError(place.at(), what, "correct the key")
