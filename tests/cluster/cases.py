"""What may happen to an experiment on a cluster. A case gets a tree and the reference tables, and tells what came out.

Every case ends with exit status 0 and with tables whose bytes are those of a local run, or fails.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.cluster import campaign
from tests.cluster.campaign import TABLES, Head
from tests.cluster.node import HOST, Node, bring_back, output, wait

STOPPED = "stopped on request"
LOCKED = "LockException"


class Outcome(NamedTuple):
    """A row of the table: `hands`: what a person had to do; `noticed`: seconds from the fault to the head's line."""

    submissions: int
    hands: str = "nothing"
    noticed: float | None = None
    message: str = ""


def ended(head: Head, hands: str = "nothing", noticed: float | None = None, message: str = "") -> Outcome:
    """The outcome of a head that has to succeed, everything in Slurm."""
    assert head.end() == 0, f"the head failed, see {head.log}"
    made = campaign.submissions_of(head.tree)
    assert set(made.values()) <= set(head.jobs()), f"{made} was not made by the jobs {head.jobs()}"
    return Outcome(len(head.jobs()), hands, noticed, message)


def records(tree: Path) -> dict[Path, bytes]:
    """The provenance of each result, with its cost: another computation of the same result has another one."""
    return {folder: (tree / folder / "provenance.json").read_bytes() for folder in campaign.submissions_of(tree)}


def line(head: Head, text: str) -> str:
    """The last line of a head that holds a text."""
    found = [line for line in head.text().splitlines() if text in line]
    return found[-1].strip().removeprefix("message: ").partition(" For further error")[0] if found else ""


def faulted(head: Head, job: str, expected: str, hands: str = "nothing") -> Outcome:
    """The outcome after a job has ended in a state that the head must notice."""
    noticed = head.wait_for(rf"Slurm job {job}, \S+: ")
    told = line(head, f"Slurm job {job}, ")
    assert f": {expected}" in told, told
    return ended(head, hands, noticed, told)


def as_shipped(tree: Path, node: Node) -> Outcome:
    """The command of docs/cluster.md, and nothing happens."""
    return ended(Head(tree, "--printshellcmds"))


def cancelled(tree: Path, node: Node) -> Outcome:
    """scancel in mid-training."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    output("scancel", job)
    return faulted(head, job, "CANCELLED")


def time_limit(tree: Path, node: Node) -> Outcome:
    """The limit of time comes: SIGTERM before it ends the training after its epoch, with a checkpoint."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    limit = campaign.minutes_of(job) + 4  # less than the lead of the signal, so that it comes at once
    output("scontrol", "update", f"JobId={job}", f"TimeLimit={limit}")
    (log,) = tree.glob("logs/runs/*/*/stbp/T*/s*/train.log")
    head.wait_until("not stopped", lambda: STOPPED in log.read_text())
    outcome = faulted(head, job, "FAILED")
    assert "resumed after epoch" in log.read_text()
    return outcome


def killed_at_the_limit(tree: Path, node: Node) -> Outcome:
    """The limit of time comes, without a signal before it."""
    head = Head(tree, *TABLES, "--default-resources", "slurm_extra=''")
    job = head.wait_for_training("stbp")
    output("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    return faulted(head, job, "TIMEOUT")


def out_of_memory(tree: Path, node: Node) -> Outcome:
    """The first attempt asks for too little memory."""
    little = [f"{rule}:mem_mb=attempt*attempt*attempt*100" for rule in ("train", "calibrate", "evaluate")]
    head = Head(tree, *TABLES, "--set-resources", *little)
    noticed = head.wait_for(r"Slurm job \d+, smoke-ann\S+: (FAILED|OUT_OF_MEMORY)")
    return ended(head, noticed=noticed, message=line(head, "Slurm job "))


def preempted(tree: Path, node: Node) -> Outcome:
    """A job of a partition with a higher priority takes the node."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    output("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 5")
    return faulted(head, job, "PREEMPTED")


def node_failed(tree: Path, node: Node) -> Outcome:
    """The node goes down; an administrator brings it back."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    output("scontrol", "update", f"NodeName={HOST}", "State=DOWN", "Reason=test")
    noticed = head.wait_for(rf"Slurm job {job}, ")
    told = line(head, f"Slurm job {job}, ")
    bring_back()
    return ended(head, "administrator: State=RESUME", noticed, told)


def drained(tree: Path, node: Node) -> Outcome:
    """The only node is drained before the start; an administrator brings it back."""
    output("scontrol", "update", f"NodeName={HOST}", "State=DRAIN", "Reason=test")
    head = Head(tree)
    noticed = head.wait_for("submissions wait: ")
    bring_back()
    return ended(head, "administrator: State=RESUME", noticed, line(head, "submissions wait: "))


def requeued(tree: Path, node: Node) -> Outcome:
    """An administrator makes a running job requeuable, which the profile forbids, and requeues it."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    finished = records(tree)
    refused = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True)
    assert refused.returncode != 0
    output("scontrol", "update", f"JobId={job}", "Requeue=1")
    output("scontrol", "requeue", job)
    wait("not requeued", lambda: campaign.state_of(job) == "PENDING", 120)
    output("scontrol", "update", f"JobId={job}", "StartTime=now")
    outcome = ended(head, message=refused.stderr.strip())
    assert finished.items() <= records(tree).items(), "a finished job was repeated"
    return outcome


def controller_restarted(tree: Path, node: Node) -> Outcome:
    """slurmctld stops for a while, and starts again."""
    head = Head(tree)
    head.wait_for_training("stbp")
    node.stop_controller()
    noticed = head.wait_for("Slurm does not answer")
    node.start_controller()
    return ended(head, noticed=noticed, message=line(head, "Slurm does not answer"))


def head_killed(tree: Path, node: Node) -> Outcome:
    """The head gets SIGKILL; the same command is given again while its job has not ended, which is suspended here."""
    head = Head(tree)
    output("scontrol", "suspend", head.wait_for_training("stbp"))
    head.kill()
    head.start()
    wait("no word", lambda: not head.runs or "cancelling" in head.text(), campaign.PATIENCE)
    hands = "nothing"
    if LOCKED in head.text():
        subprocess.run([*head.command, "--unlock"], cwd=tree, check=True, capture_output=True)
        head.start()
        hands = "--unlock"
    head.wait_for("cancelling 1 jobs")
    return ended(head, hands, message=line(head, "cancelling"))


def fourth_fails(tree: Path, node: Node) -> Outcome:
    """One job of a pack is killed when the others have ended: the next attempt does it alone."""
    head = Head(tree)
    job = head.wait_for_training("stbp")
    pattern = "results/runs/*/*/{}/T*/s*/net.safetensors"
    wait("others", lambda: all(any(tree.glob(pattern.format(name))) for name in ("ann", "tet")), campaign.PATIENCE)
    finished = records(tree)
    for pid in output("pgrep", "--full", "snn train --experiment smoke results/runs/.*/stbp/").split():
        if Path("/proc", pid, "cwd").readlink() == tree:  # others may run the same experiment on this machine
            os.kill(int(pid), signal.SIGKILL)
    outcome = faulted(head, job, "FAILED")
    assert finished.items() <= records(tree).items(), "a finished job was repeated"
    return outcome


CASES: dict[str, Callable[[Path, Node], Outcome]] = {
    case.__name__: case
    for case in (
        as_shipped,
        cancelled,
        time_limit,
        killed_at_the_limit,
        out_of_memory,
        preempted,
        node_failed,
        drained,
        requeued,
        controller_restarted,
        head_killed,
        fourth_fails,
    )
}
SHORT = 100  # epochs of a training that is to be hit
LONG = 5000  # epochs of one that a limit of a minute ends, though Slurm looks at limits once in a minute
EPOCHS: dict[str, int | None] = {name: SHORT for name in CASES if name != "as_shipped"}
EPOCHS |= {"as_shipped": None, "time_limit": LONG, "killed_at_the_limit": LONG}
