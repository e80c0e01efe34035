"""Stages of the workflow, and its settings: experiment, mirror of released files, network, packs, GPUs, container."""

from collections.abc import Mapping
from typing import Any

from snn.core.errors import InputError

STAGES = ("prepare", "train", "tune", "calibrate", "evaluate", "collect", "report")  # of jobs, in order
ON_DEVICE = ("train", "calibrate", "evaluate")  # those that compute on a GPU if there is one
DEFAULT_EXPERIMENT = "digits"
SETTINGS = {"experiment", "data_mirror", "offline", "pack_minutes", "jobs_per_gpu", "container"}
MIRROR_VARIABLE, OFFLINE_VARIABLE = "SPIKELEDGER_MIRROR", "SPIKELEDGER_OFFLINE"
SETTING_OF = {MIRROR_VARIABLE: "data_mirror", OFFLINE_VARIABLE: "offline"}
PACK_MINUTES = 20  # expected work of jobs that go to a cluster together
OFFLINE = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


def is_yes(setting: object, where: str) -> bool:
    """Whether a setting is yes; one that is not set is no. Raises InputError naming `where` for any other word."""
    word = "" if setting is None else str(setting).lower()
    if word not in OFFLINE:
        raise InputError(where, f"{word} is neither yes nor no", f"choose one of {', '.join(filter(None, OFFLINE))}")
    return OFFLINE[word]


def download_environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Environment variables that pass a workflow's settings on to its download jobs.

    They are not arguments, since the address of a mirror may hold a password, and Snakemake prints and keeps commands.
    Raises InputError if `offline` is neither yes nor no.
    """
    offline = is_yes(settings.get("offline"), "--config offline")
    found = {MIRROR_VARIABLE: str(settings.get("data_mirror") or ""), OFFLINE_VARIABLE: "yes" if offline else ""}
    return {name: value for name, value in found.items() if value or settings.get(SETTING_OF[name]) not in (None, "")}


def pack_minutes(settings: Mapping[str, Any]) -> float:
    """The expected work in a submission to a cluster; 0: a submission per job. Raises InputError for anything else."""
    word = settings.get("pack_minutes", PACK_MINUTES)
    try:
        minutes = float(word)
    except (TypeError, ValueError):
        minutes = -1.0
    if not 0 <= minutes < float("inf"):
        raise InputError("--config pack_minutes", f"{word} is no number of minutes", "choose 20, or 0 for no packs")
    return minutes


def jobs_per_gpu(settings: Mapping[str, Any]) -> int:
    """How many jobs share a GPU of this machine. Raises InputError unless that is a number, 1 or more."""
    word = str(settings.get("jobs_per_gpu", 1))
    if not word.isdecimal() or int(word) < 1:
        raise InputError("--config jobs_per_gpu", f"{word} is no number of jobs", "choose 1 or more")
    return int(word)
