"""Two processes at once: two heads, and the same job twice."""

import random
import shutil
import time

from tests.chaos.campaign import EXPERIMENT, RUN, SNN, Campaign
from tests.chaos.kills import remove_some


def two_heads(campaign: Campaign, draw: random.Random) -> str:
    """Two heads that start within a second, and both find much to do."""
    remove_some(campaign, draw)
    first = campaign.start()
    time.sleep(draw.choice([0.0, draw.uniform(0, 3)]))
    second = campaign.start()
    return f"status {campaign.end(first)} and {campaign.end(second)}"


def the_same_job_twice(campaign: Campaign, draw: random.Random) -> str:
    """A training by hand, once more, and a head that wants it, too."""
    run = draw.choice(sorted(campaign.folder.glob(RUN)))
    shutil.rmtree(run)
    campaign.forget_tables()
    command = [*SNN, "train", "--experiment", EXPERIMENT, str(run.relative_to(campaign.folder))]
    processes = [campaign.start(command), campaign.start()]
    time.sleep(draw.uniform(0, 3))
    processes.insert(1, campaign.start(command))
    return "status " + ", ".join(str(campaign.end(process)) for process in processes)
