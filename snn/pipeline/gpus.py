"""The GPUs of this machine, for jobs that run at once: each sees only the one that the fewest of them use. No torch.

A job locks a file as long as it lives, and the system unlocks it when the job has ended, however that came about.
Snakemake starts no more of them at a time than the resource `gpu` allows. On a cluster, its scheduler gives GPUs.
"""

import contextlib
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from snn.core.errors import InputError
from snn.pipeline.plan import Plan
from snn.pipeline.settings import jobs_per_gpu

RESOURCE, VARIABLE = "gpu", "CUDA_VISIBLE_DEVICES"
DEVICES = Path("/dev")


def declare(plan: Plan, settings: Mapping[str, Any], workflow: Any) -> int:
    """How much of Snakemake's resource `gpu` a job with torch asks for, here; a profile may say otherwise.

    That is 1 if the workflow runs its jobs on this machine, on GPUs; then `--config jobs_per_gpu`, 1 by default, tells
    how many share one, unless `--resources gpu` limits them already. Raises InputError for a setting that is no number.
    """
    share, here = jobs_per_gpu(settings), workflow.is_main_process and workflow.local_exec
    names = visible() if here and may_use_gpus(plan) else []
    if names and RESOURCE not in workflow.global_resources:
        workflow.register_resource(RESOURCE, len(names) * share)
    return int(bool(names))


def may_use_gpus(plan: Plan) -> bool:
    """Whether jobs of an experiment take an NVIDIA GPU if there is one."""
    return plan.experiment.device in ("auto", "cuda")


def visible() -> list[str]:
    """The GPUs that this process may use, named as CUDA_VISIBLE_DEVICES names them."""
    if (named := os.environ.get(VARIABLE)) is not None:
        return list(takewhile(lambda name: name not in ("", "-1"), (name.strip() for name in named.split(","))))
    return [str(i) for i in range(sum(bool(re.fullmatch(r"nvidia\d+", path.name)) for path in DEVICES.iterdir()))]


def take_one() -> None:
    """Leave this process one of several GPUs, until it ends: that with the fewest jobs of this user.

    Before CUDA starts in it. Raises InputError if the folder of locks belongs to somebody else.
    """
    names = visible()
    if len(names) > 1:
        os.environ[VARIABLE] = _lock(names, _folder())


def _lock(names: Sequence[str], folder: Path) -> str:
    """Lock the first slot that is free, of each GPU its first before the second of any; returns the GPU's name."""
    slots = ((name, folder / f"{quote(name, safe='')}.{number}") for number in count() for name in names)
    return next(name for name, slot in slots if _locks(slot))


def _locks(slot: Path) -> bool:
    """Lock a file until this process ends, unless another one holds it; whether that was done."""
    lock = os.open(slot, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True


def _folder() -> Path:
    """A folder on this machine that only its user can write."""
    folder = Path(tempfile.gettempdir(), f"spikeledger-gpus-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise InputError(folder, "can be written by somebody else", "remove it, or set TMPDIR to a folder of your own")
    return folder
