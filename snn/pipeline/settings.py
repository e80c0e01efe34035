"""Settings of the workflow: which experiment, where released files are mirrored, whether the internet may be used."""

from collections.abc import Mapping
from typing import Any

from snn.core.errors import InputError

DEFAULT_EXPERIMENT = "digits"
SETTINGS = {"experiment", "data_mirror", "offline"}
MIRROR_VARIABLE, OFFLINE_VARIABLE = "SPIKELEDGER_MIRROR", "SPIKELEDGER_OFFLINE"
SETTING_OF = {MIRROR_VARIABLE: "data_mirror", OFFLINE_VARIABLE: "offline"}
OFFLINE = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


def is_yes(said: object, where: str) -> bool:
    """Whether a setting says yes; nothing said is no. Raises InputError naming `where` it says neither."""
    word = "" if said is None else str(said).lower()
    if word not in OFFLINE:
        raise InputError(where, f"{word} is neither yes nor no", f"say one of {', '.join(filter(None, OFFLINE))}")
    return OFFLINE[word]


def download_environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """What download jobs are told of a workflow's configuration, by environment: the address of a mirror may hold a
    password, and Snakemake shows and keeps commands. Raises InputError for a value of `offline` that is none.
    """
    offline = is_yes(settings.get("offline"), "--config offline")
    told = {MIRROR_VARIABLE: str(settings.get("data_mirror") or ""), OFFLINE_VARIABLE: "yes" if offline else ""}
    return {name: value for name, value in told.items() if value or settings.get(SETTING_OF[name]) not in (None, "")}
