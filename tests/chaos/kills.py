"""SIGKILL at a random moment: of the head, of its group of processes, of a job, and at Snakemake's mark."""

import contextlib
import os
import random
import shutil
import signal
import time
from subprocess import Popen

from tests.chaos.campaign import RUN, Campaign
from tests.running import kill

LONGEST = 20.0  # seconds before a kill


def head(campaign: Campaign, draw: random.Random) -> str:
    """Kill the head alone: its jobs finish as orphans, or meet those of the next head."""
    process = _at_work(campaign, draw)
    kill(process.pid)
    return _afterwards(campaign, draw, process)


def group(campaign: Campaign, draw: random.Random) -> str:
    """Kill the head and everything that it has started."""
    process = _at_work(campaign, draw)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return _afterwards(campaign, draw, process)


def job(campaign: Campaign, draw: random.Random) -> str:
    """Kill one job, as the kernel does when memory is short."""
    process = _at_work(campaign, draw)
    while process.poll() is None and not (jobs := campaign.jobs()):
        time.sleep(0.01)
    if process.poll() is None:
        kill(draw.choice(jobs))
    status = campaign.end(process)
    return f"the head ended with {status}"


def at_the_mark(campaign: Campaign, draw: random.Random) -> str:
    """Kill the head when Snakemake has marked an output as incomplete; the job then finishes it as an orphan."""
    remove_some(campaign, draw)
    process, marks = campaign.start(), campaign.folder / ".snakemake/incomplete"
    wanted = draw.randint(1, 12)  # marks that come before; a job has several
    seen: set[str] = set()
    while process.poll() is None and len(seen) < wanted:
        seen |= {path.name for path in marks.glob("*")}
        time.sleep(0.005)
    time.sleep(draw.choice([0.0, draw.uniform(0, 0.5)]))
    kill(process.pid)
    process.wait()
    left = len(list(marks.glob("*")))
    campaign.wait_for_orphans()
    return f"{left} marks"


def _at_work(campaign: Campaign, draw: random.Random) -> Popen[bytes]:
    """A head that has been at work for a random time, and still is."""
    longest = LONGEST
    while True:
        remove_some(campaign, draw)
        process = campaign.start()
        moment = draw.uniform(0, longest)
        time.sleep(moment)
        if process.poll() is None:
            return process
        campaign.end(process)
        longest = moment


def remove_some(campaign: Campaign, draw: random.Random) -> None:
    """Remove some runs, or parts of them, and all tables."""
    for run in sorted(campaign.folder.glob(RUN)):
        whole, rows = draw.random() < 0.4, draw.random() < 0.4
        if whole:
            shutil.rmtree(run)
        elif rows:
            shutil.rmtree(run / "rows", ignore_errors=True)
    campaign.forget_tables()


def _afterwards(campaign: Campaign, draw: random.Random, process: Popen[bytes]) -> str:
    """The next head starts at once, beside the orphans, or after them."""
    process.wait()
    orphans = len(campaign.jobs())
    if draw.random() < 0.5:
        campaign.wait_for_orphans()
        return f"{orphans} orphans, which ended before the next head"
    return f"{orphans} orphans"
