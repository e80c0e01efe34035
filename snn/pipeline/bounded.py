"""A bound on the files that a job writes which unpacks what others have packed. No torch.

A compressed archive of some megabytes may hold terabytes, and is unpacked before its members are looked at. Data sets
grow by less than ten times when they are unpacked and prepared.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from snn.pipeline.job import Job

ROOM = 1 << 30  # bytes that any job may write into one file
GROWTH = 64  # how many times as many as its inputs have


@contextmanager
def written(job: Job) -> Iterator[None]:
    """While data are prepared, no file of this process grows beyond the bound: writing more is an OSError."""
    if job.stage != "prepare":
        yield
        return
    most = ROOM + GROWTH * sum(path.stat().st_size for path in job.inputs if path.is_file())
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [limit for limit in (most, before, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
