"""The device of a job, and what torch is told before its first operation."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING

from snn.core.errors import InputError
from snn.core.lazy import lazy, warm_torch

if TYPE_CHECKING:
    import torch

torch = lazy("torch")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def choose(name: str, threads: int) -> torch.device:
    """Import torch, set its threads, and choose a device.

    `auto` is cuda if there is such a device, else the CPU; mps must be named. Raises InputError for a missing device,
    or for more than four threads per core.
    """
    if threads > (most := 4 * (os.cpu_count() or 1)):
        raise InputError("threads", f"{threads} are more than four per core here ({most})", "choose fewer")
    _keep_freed_memory()
    warm_torch()
    torch.set_num_threads(threads)
    name = name if name != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if (name == "cuda" and not torch.cuda.is_available()) or (name == "mps" and not torch.backends.mps.is_available()):
        raise InputError("device", f"there is no {name} device here", "choose device: auto or cpu in the experiment")
    return torch.device(name)


def _keep_freed_memory() -> None:
    """Tell glibc to keep freed blocks of any size. Other C libraries are left alone.

    A block that is returned to the system and requested again costs a page fault per page. That took two fifths of the
    time of training on N-MNIST.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
