"""Files that a clock which ran ahead has dated in the future get the present time when a head starts. No torch.

Snakemake fails every job that has an input, `ancient()` or not, dated later than the outputs that it has just made.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from snn.pipeline.plan import Plan


def date_back(plan: Plan, workflow: Any, record: int | None) -> None:
    """Give every file of a plan that is dated in the future the present time; tells how many there were.

    `record`: a file that was just made, by which the file system tells its time, which may be another than that of
    this machine; None: there is none.
    """
    if not workflow.is_main_process or workflow.output_settings.dryrun:
        return
    now = time.time() if record is None else os.fstat(record).st_mtime
    paths = dict.fromkeys(path for job in plan.jobs.values() for path in (*job.inputs, *job.outputs))
    found = sum(_dated_back(path, now) for path in paths)
    if found:
        line = f"{found} files were dated in the future by a clock that ran ahead; they have the present time now"
        print(line, file=sys.stderr, flush=True)


def _dated_back(path: Path, now: float) -> bool:
    with contextlib.suppress(OSError):  # it is not there, or belongs to another user
        if path.stat().st_mtime > now:
            os.utime(path)
            return True
    return False
