"""Noise models on the command line: names, levels, and what to do about several kinds on one chip. No torch."""

import difflib
import re

from snn.config import params
from snn.core.errors import InputError, nearest

SEVERAL = "is several kinds of noise, and a chip has one noise file, which may hold several"


def checked(name: str) -> str:
    """The name of a noise model; raises InputError with the nearest one, or, for several kinds, a chip with most."""
    names = params.names("noise")
    if name in names:
        return name
    parts = _parts(name)
    if len(parts) < 2 or not ("+" in name or set(parts) <= set(names)):
        raise InputError(f"noise '{name:.100}'", "is unknown", nearest(name, names))
    raise InputError(f"noise '{name:.100}'", SEVERAL, _instead(parts))


def level(text: str) -> float:
    """The level of a noise; raises InputError for what is no number, as for several levels."""
    try:
        return float(text)
    except ValueError:
        pass
    if len(_parts(text)) > 1:
        largest = max(params.names("noise"), key=lambda name: len(_models(name)))
        remedy = f"a file with several kinds of noise states the others itself, as {described(largest)}"
        raise InputError(f"--level {text:.100}", "is several levels, and a noise file has one", remedy)
    raise InputError(f"--level {text:.100}", "is no number", "give one, as 0.2; see python -m snn list noise")


def levels(name: str) -> str:
    """What to give as the level of a noise model."""
    noise = params.load("noise", name)
    return f"give the level of the noise, {noise.level}, as {', '.join(f'{level:g}' for level in noise.levels)}"


def described(name: str) -> str:
    """What a noise model is made of, and what its level means."""
    noise = params.load("noise", name)
    parts = [
        f"{part.model} ({', '.join(f'{key} {_plain(value)}' for key, value in part.options.items())})"
        for part in noise.models
    ]
    return f"{name}: {' + '.join(parts)}, level: {noise.level}"


def _instead(parts: list[str]) -> str:
    """What to ask for in place of several kinds: the noise file that shares most with them, and how to write one."""
    names = params.names("noise")
    kinds = {name: {name} for name in set().union(*map(_models, names))} | {name: _models(name) for name in names}
    meant = [match[0] for part in parts if (match := difflib.get_close_matches(part, list(kinds), n=1))]
    wanted = set().union(*(kinds[name] for name in meant))
    shared = {name: len(wanted & _models(name)) for name in names}
    best = max(names, key=lambda name: (shared[name], -len(_models(name))))
    own = "write one as docs/how-to/own-chip.md shows"
    return f"take the nearest, {described(best)}; or {own}" if shared[best] > 1 else own


def _models(name: str) -> set[str]:
    """The kinds of noise in a file."""
    return {part.model for part in params.load("noise", name).models}


def _parts(text: str) -> list[str]:
    return re.split(r"[\s+,]+", text.strip(" +,"))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else f"{value}"
