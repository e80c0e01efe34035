"""What a process of Snakemake does that an executor has started elsewhere, to do the jobs of one submission."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snakemake.target_jobs import parse_target_jobs_cli_args

TARGETS, EXECUTOR = "--target-jobs", "--executor"


def left_here(workflow: Any) -> list[str]:
    """The rules of the jobs that this process does itself for a submission: none in any other process.

    Jobs whose results exist are left out: Snakemake forces the jobs of a submission, so that another attempt would make
    again what the one before has finished. The process then starts again with the others, or ends if there are none,
    with status 0. To be called at the end of a Snakefile.
    """
    if not workflow.remote_exec or TARGETS not in sys.orig_argv:
        return []
    before, jobs, after = _divided(sys.orig_argv)
    specs = dict(zip(jobs, parse_target_jobs_cli_args(jobs), strict=True))
    left = [job for job in jobs if not _done(workflow, specs[job])]
    if not left:
        print("all results of this submission exist", flush=True)
        os._exit(0)
    if len(left) < len(jobs):
        print(f"{len(jobs) - len(left)} of {len(jobs)} results of this submission exist", flush=True)
        os.execv(sys.executable, [*before, *left, *after])
    return [] if EXECUTOR in after else [specs[job].rulename for job in left]


def _divided(arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """A command up to its targets, the targets, and the rest."""
    start = arguments.index(TARGETS) + 1
    end = next((i for i in range(start, len(arguments)) if arguments[i].startswith("--")), len(arguments))
    return list(arguments[:start]), list(arguments[start:end]), list(arguments[end:])


def _done(workflow: Any, spec: Any) -> bool:
    patterns = workflow.get_rule(spec.rulename).output
    return all(Path(pattern.apply_wildcards(spec.wildcards_dict)).exists() for pattern in patterns)
