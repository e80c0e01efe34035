"""Noise models at a level of a chip. No torch.

Unlike the rest of `config`, this is part of the code of every result on chips.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from snn.config import Noise, NoiseModel
from snn.config.documents import Place
from snn.config.plugins import load_plugin, validate


def options(part: NoiseModel, level: float) -> dict[str, Any]:
    """The options of a noise model at a level."""
    return {name: level if value == "level" else value for name, value in part.options.items()}


def noise_parts(noise: Noise, level: float, where: Path = Path("noise")) -> list[tuple[ModuleType, BaseModel]]:
    """The noise models of a chip at a level, in order: module and options. Raises InputError naming `where` and key."""
    parts = []
    for i, part in enumerate(noise.models):
        place = Place(where, ("models", str(i)))
        plugin = load_plugin("hardware.noise", part.model, place.at("model"))
        parts.append((plugin, validate(plugin.Options, options(part, level), Place(where, (*place.keys, "options")))))
    return parts
