"""Which jobs go in one submission, and what it asks for: many short jobs would wait longer than they compute. No torch.

The jobs of one run, its training, calibrations and evaluation, stay together. Runs of one level depend on runs of lower
levels alone: teachers, then what learns from them or is tried by tuning, then what tuning has chosen for. So a pack
holds runs of one level, and no pack waits for itself. A pack holds only jobs without a result.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from snn.cluster.costs import Costs
from snn.pipeline.job import Job
from snn.pipeline.jobs.calibrate import Calibrate
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.train import Train
from snn.pipeline.jobs.tune import Tune
from snn.pipeline.plan import Plan
from snn.pipeline.settings import PACK_MINUTES

PACK = "pack"  # Snakemake merges groups whose parent this is, with --group-components pack=NUMBER
MOST_JOBS = 300  # in a pack: their names stand on one line of a shell
MARGIN, FIXED_MINUTES = 3.0, 15  # a limit of time: so many times the expected time, and this for the start
MEMORY_MARGIN, FIXED_MB = 1.5, 400.0
Rule = Callable[..., Any]  # a function of Snakemake's wildcards


class Packs:
    """The packs of an experiment, and what each job asks for.

    `minutes`: of expected work in a pack, 0 for no packs. `workflow`: Snakemake's, of the head, or of a process that
    does the jobs of one submission; these belong together, whatever else is done by now.
    """

    def __init__(self, plan: Plan, minutes: float = PACK_MINUTES, workflow: Any = None):
        self._plan, self._minutes, self._workflow = plan, minutes, workflow

    def group(self, pattern: str) -> Rule:
        """The name of the pack of a job, for `group:` of a rule; `pattern`, filled with wildcards, is its folder."""

        def group(wildcards: Mapping[str, str]) -> str | None:
            if self._workflow.remote_exec:
                return PACK
            name = self._pack_of.get(self._job(pattern, wildcards))
            if name:
                self._workflow.parent_groupids[name] = PACK
            return name

        return group

    def megabytes(self, pattern: str) -> Rule:
        """What a job asks for, more with every attempt; a pack asks for as much as its parallel jobs together."""
        return lambda wildcards, attempt: attempt * self._megabytes(self._job(pattern, wildcards))

    def limit(self, pattern: str) -> Rule:
        """The limit of time of a job in minutes, more with every attempt; a pack has the sum.

        Seconds of short jobs add up before they are rounded, so a job of a pack may ask for no minute.
        """
        return lambda wildcards, attempt: attempt * self._limit(self._job(pattern, wildcards))

    @cached_property
    def packs(self) -> dict[str, list[Job]]:
        """The jobs of each pack by its name, in the order of the plan."""
        if not self._minutes:
            return {}
        levels: dict[int, list[Train]] = {}
        for run in self._by_run:
            levels.setdefault(self._levels[run], []).append(run)
        found = [pack for level in sorted(levels) for pack in self._packs(levels[level])]
        return {f"{PACK}{i}": jobs for i, jobs in enumerate(found)}

    def _packs(self, runs: Sequence[Train]) -> Iterable[list[Job]]:
        """Divide runs of one level into packs of about equal work, between two thirds and 4/3 of `minutes`."""
        work = [sum(self.costs.of(job).seconds for job in self._by_run[run]) for run in runs]
        jobs = sum(len(self._by_run[run]) for run in runs)
        number = max(round(sum(work) / (60 * self._minutes)), math.ceil(jobs / MOST_JOBS), 1)
        packs: list[list[Job]] = [[] for _ in range(number)]
        for run, (before, after) in zip(runs, pairwise(accumulate(work, initial=0.0)), strict=True):
            packs[min(int((before + after) / 2 / sum(work) * number), number - 1)] += self._by_run[run]
        return filter(None, packs)

    def expected_seconds(self, jobs: Iterable[Job]) -> float:
        """Expected seconds of a processor for jobs, one after the other."""
        return sum(self.costs.of(job).seconds for job in jobs)

    @cached_property
    def costs(self) -> Costs:
        """Expected costs."""
        return Costs(self._plan)

    @cached_property
    def _by_run(self) -> dict[Train, list[Job]]:
        """The jobs without a result by the run that they make or work on; those of a run in the order of the plan."""
        found: dict[Train, list[Job]] = {}
        for job, run in self._run_of.items():
            if not job.proof.exists():
                found.setdefault(run, []).append(job)
        return found

    @cached_property
    def _run_of(self) -> dict[Job, Train]:
        """The run that a job makes or works on."""
        jobs = (job for job in self._plan.jobs.values() if isinstance(job, Train | Calibrate | Evaluate))
        return {job: job if isinstance(job, Train) else job.run for job in jobs}

    @cached_property
    def _levels(self) -> dict[Train, int]:
        """The level of every run: 1 more than that of any other run that its jobs wait for."""
        waits: dict[Train, set[Train]] = {}
        for job, run in self._run_of.items():
            waits.setdefault(run, set()).update(_runs(job.parents.values()))
        levels: dict[Train, int] = {}

        def level(run: Train) -> int:
            if run not in levels:
                levels[run] = 1 + max((level(other) for other in waits[run] if other is not run), default=-1)
            return levels[run]

        for run in waits:
            level(run)
        return levels

    @cached_property
    def _pack_of(self) -> dict[Job, str]:
        """The pack of a job. Finished jobs of its runs belong to it, too, since others in it may wait for them."""
        packed = {self._run_of[job]: name for name, jobs in self.packs.items() for job in jobs}
        return {job: packed[run] for job, run in self._run_of.items() if run in packed}

    @cached_property
    def _shares(self) -> dict[Job, int]:
        """The minutes of each job of a pack in the limit of the pack."""
        shares: dict[Job, int] = {}
        for jobs in self.packs.values():
            sums = accumulate((self._expected_minutes(job) for job in jobs), initial=0.0)
            shares |= dict(zip(jobs, (math.ceil(b) - math.ceil(a) for a, b in pairwise(sums)), strict=True))
            shares[jobs[0]] += FIXED_MINUTES
        return shares

    def _expected_minutes(self, job: Job) -> float:
        return MARGIN * self.costs.of(job).seconds / 60

    def _limit(self, job: Job) -> int:
        share = self._shares.get(job)
        return math.ceil(self._expected_minutes(job)) + FIXED_MINUTES if share is None else share

    def _megabytes(self, job: Job) -> int:
        return math.ceil(MEMORY_MARGIN * self.costs.of(job).megabytes + FIXED_MB)

    def _job(self, pattern: str, wildcards: Mapping[str, str]) -> Job:
        return self._plan.jobs[Path(pattern.format(**wildcards))]


def _runs(jobs: Iterable[Job]) -> Iterable[Train]:
    """The runs among jobs, those that a tuning waits for, and those whose chips are among them."""
    for job in jobs:
        if isinstance(job, Train):
            yield job
        elif isinstance(job, Tune):
            yield from job.runs
