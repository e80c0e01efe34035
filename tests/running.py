"""Processes of a folder, for tests that disturb workflows."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def processes(folder: Path) -> Iterator[int]:
    """The processes whose working directory is this folder, jobs of a killed head among them."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and (entry / "stat").read_text().split()[2] != "Z":
                yield int(entry.name)
        except (OSError, IndexError):
            continue


def kill(process: int) -> None:
    """End a process at once, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def kill_all(folder: Path) -> None:
    """End everything that runs in a folder."""
    while running := list(processes(folder)):
        for process in running:
            kill(process)
        time.sleep(0.05)
