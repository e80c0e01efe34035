"""A clock that jumps, and a machine with too little memory."""

import os
import random
import shutil
import time

from tests.chaos.campaign import Campaign, Fault
from tests.chaos.kills import remove_some

DAYS = 900
TRUE_WAITS = "FAKETIME_DONT_FAKE_MONOTONIC=1"  # a jump of the clock does not change how long a process waits


def clock(campaign: Campaign, draw: random.Random) -> str:
    """Times of all files are scrambled by up to 900 days, and the next head lives in another year."""
    remove_some(campaign, draw)
    for path in campaign.folder.rglob("*"):
        if not path.is_symlink():
            moment = time.time() + draw.uniform(-DAYS, DAYS) * 86400
            os.utime(path, (moment, moment))
    shift = draw.choice([-DAYS, DAYS])
    faketime = shutil.which("faketime")
    if not faketime:
        return "times of files alone, faketime is not installed"
    return f"{shift:+} days, status {campaign.run(prefix=('env', TRUE_WAITS, faketime, '-f', f'{shift:+}d'))}"


def address_space(megabytes: int) -> Fault:
    """A limit of the shell on the memory of every process."""

    def fault(campaign: Campaign, draw: random.Random) -> str:
        remove_some(campaign, draw)
        limited = ("bash", "-c", f'ulimit -v {megabytes * 1024} && exec "$@"', "bash")
        return f"status {campaign.run(prefix=limited)}"

    return fault
