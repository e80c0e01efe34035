"""The command reproduce: run the workflow of an experiment, then print its summary. No torch.

Bare Snakemake waits on SIGTERM for all jobs that run. This ends it with its jobs within seconds, those in Slurm
included, and tells how to continue.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from snn.cli import inspect
from snn.config import documents
from snn.core.errors import InputError
from snn.pipeline.settings import MIRROR_VARIABLE, OFFLINE_VARIABLE, is_yes

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LISTENING = 0.5  # seconds between looks at what was requested
GRACE = 10  # seconds for jobs to end and for locks to be removed


def reproduce(
    experiment: str,
    cores: str,
    profile: str,
    mirror: str | None,
    offline: str | None,
    verbose: bool,
    more: Sequence[str],
) -> int:
    """Make what an experiment lacks, with a line per job, or with Snakemake's own messages if `verbose`.

    `profile`: of Snakemake, in place of `cores`. `more`: arguments for Snakemake. The address of a mirror may hold a
    password, so the environment takes it to jobs, and no command line. Returns the exit status of Snakemake, or 128
    and the number of the signal that ended it; if that is 0, the summary is printed.

    Raises InputError if there is no such experiment, `more` names another, or `offline` is neither yes nor no.
    """
    documents.find("experiments", experiment)
    settings = {MIRROR_VARIABLE: mirror, OFFLINE_VARIABLE: "yes" if is_yes(offline, "--offline") else ""}
    where = ("--workflow-profile", profile) if profile else ("--cores", cores)
    quiet = () if verbose else ("--logger", "spikeledger")
    given, rest = _divided(more)
    config = ("--config", f"experiment={experiment}", *given)
    command = [sys.executable, "-m", "snn.cli.workflow", *where, *quiet, *rest, *config]
    status = _run(command, {**os.environ, **{name: value for name, value in settings.items() if value}})
    if status == 0:
        inspect.summary(experiment)
    return status


def _divided(more: Sequence[str]) -> tuple[list[str], list[str]]:
    """Settings behind --config, of which Snakemake reads only the last one, and all other arguments."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", "-C", nargs="*", action="extend", default=[])
    found, rest = parser.parse_known_args(more)
    if any(setting.partition("=")[0] == "experiment" for setting in found.config):
        raise InputError("--config experiment", "names a second experiment", "give one")
    return found.config, rest


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status of a command in a process group of its own, which ends with this process."""
    requests: list[int] = []
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: requests.append(number))
    snakemake = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, process_group=0)
    while not requests:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return snakemake.wait(LISTENING)
    _end(snakemake)
    name = signal.Signals(requests[0]).name
    line = f"ended by {name}; the same command continues, a training after its last finished epoch"
    print(f"error: workflow: {line}", file=sys.stderr, flush=True)
    return 128 + requests[0]


def _end(snakemake: subprocess.Popen[bytes]) -> None:
    """Interrupt Snakemake and its jobs as a terminal does; whoever is there after `GRACE` is killed."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(snakemake.pid, number)
            snakemake.wait(GRACE)
