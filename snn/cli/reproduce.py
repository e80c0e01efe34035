"""The command reproduce: run the workflow of an experiment, then print its summary. No torch."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from snn.cli import inspect
from snn.pipeline.settings import MIRROR_VARIABLE, OFFLINE_VARIABLE, is_yes

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def reproduce(
    experiment: str, cores: str, mirror: str | None, offline: str | None, verbose: bool, more: Sequence[str]
) -> int:
    """Make what an experiment lacks, with a line per job, or with Snakemake's own messages if `verbose`.

    `more`: arguments for Snakemake. The address of a mirror may hold a password, so the environment takes it to jobs,
    and no command line. Returns the exit status of Snakemake; if that is 0, the summary is printed.

    Raises InputError if `offline` is neither yes nor no.
    """
    settings = {MIRROR_VARIABLE: mirror, OFFLINE_VARIABLE: "yes" if is_yes(offline, "--offline") else ""}
    quiet = () if verbose else ("--logger", "spikeledger")
    config = ("--config", f"experiment={experiment}")
    command = [sys.executable, "-m", "snn.cli.workflow", "--cores", cores, *quiet, *config, *more]
    status = _run(command, {**os.environ, **{name: value for name, value in settings.items() if value}})
    if status == 0:
        inspect.summary(experiment)
    return status


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status of a command in a process group of its own; all processes of it get the signals of this one."""
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, process_group=0) as child:
        before = {number: signal.signal(number, lambda n, _: os.killpg(child.pid, n)) for number in FORWARDED}
        status = child.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status
