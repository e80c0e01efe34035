"""What Slurm tells about jobs, whether it keeps accounts or not.

squeue knows jobs that wait, run or ended a moment ago (MinJobAge); sacct knows all, where there are accounts. The state
of a job is its first word: sacct writes `CANCELLED by 1000`.
"""

import contextlib
import getpass
import subprocess
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

TIMEOUT = 60  # seconds for an answer
NEWLINE = "\n"
OF_THE_NODE = {"BOOT_FAIL", "NODE_FAIL"}
FAILED = OF_THE_NODE | {"CANCELLED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}


class Phase(Enum):
    """Where a job stands."""

    WAITS = "waits"
    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"


class State(NamedTuple):
    """The state of a job as Slurm writes it, why it waits or has failed, and its node or nodes."""

    name: str
    reason: str = ""
    node: str = ""

    @property
    def phase(self) -> Phase:
        """Where the job stands; a state that this module does not know is one of a job that runs."""
        if self.name in FAILED:
            return Phase.FAILED
        return {"COMPLETED": Phase.DONE, "PENDING": Phase.WAITS}.get(self.name, Phase.RUNS)


class Silent(Exception):
    """Slurm's controller does not answer."""


def states(ids: Iterable[str]) -> dict[str, State]:
    """The states of jobs; those that are in no list are left out. Raises Silent."""
    wanted = set(ids)
    found = _table(_ask("squeue", "--user", getpass.getuser(), "--states=all", "--noheader", "--format=%i|%T|%r|%N"))
    if missing := wanted - set(found):
        columns = "--format=JobIDRaw,State,Reason,NodeList"
        with contextlib.suppress(Silent):  # no accounts, or their daemon is down
            found |= _table(_ask("sacct", "-X", "--parsable2", "--noheader", columns, "--jobs", ",".join(missing)))
    return {job: found[job] for job in wanted & set(found)}


def left_in(folder: str) -> dict[str, str]:
    """The jobs of this user that Snakemake has submitted from a folder and that have not ended: their names by id.

    Raises Silent.
    """
    rows = _ask("squeue", "--user", getpass.getuser(), "--noheader", "--format=%i|%j|%k|%Z").splitlines()
    found = (row.split("|", 3) for row in rows if row.count("|") >= 3)
    return {job: name for job, name, comment, at in found if at == folder and comment.startswith(("rule_", "group_"))}


def cancel(ids: Iterable[str]) -> None:
    """Cancel jobs; raises Silent."""
    _ask("scancel", *ids)


def nodes() -> set[str]:
    """All nodes; raises Silent."""
    return set(_ask("sinfo", "--noheader", "--Node", "--format=%N").split())


def expanded(node_list: str) -> list[str]:
    """The names in a list of nodes, as `a[1-2],b`; raises Silent."""
    return _ask("scontrol", "show", "hostnames", node_list).split()


def summary(waiting: Mapping[str, State]) -> str:
    """The reasons for which jobs wait, each with their number."""
    reasons = [state.reason for state in waiting.values()]
    return ", ".join(f"{reason} ({reasons.count(reason)})" for reason in sorted(set(reasons)))


def _table(text: str) -> dict[str, State]:
    found = {}
    for row in text.splitlines():
        if row.count("|") >= 3:
            job, state, reason, node = (part.strip() for part in row.split("|", 3))
            found[job] = State(state.partition(" ")[0].rstrip("+"), reason, node)
    return found


def _ask(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Silent(f"{command[0]}: {error}") from error
    except subprocess.CalledProcessError as error:
        raise Silent(f"{command[0]}: {error.stderr.strip().partition(NEWLINE)[0]}") from error
