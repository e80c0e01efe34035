"""Slurm as an executor of Snakemake: its plugin, with what it lacks. Imported where Snakemake already is.

The plugin (2.8.0) takes a job that sacct calls `CANCELLED by 1000` for one that runs, waits for ever without accounts,
asks ever less often, names all jobs alike, and leaves the jobs of a killed head to themselves. Here

* states come from `states`, at a fixed interval (Snakemake's seconds-between-status-checks);
* a job that Slurm has forgotten has succeeded if its results exist;
* jobs are called experiment-method-seed-stage; a pack is called after its first job;
* a line tells why jobs wait, and that Slurm does not answer;
* what was submitted from this folder by a head that has ended is cancelled before anything starts;
* a job that refused its input is not tried again.
"""

import asyncio
import os
import shlex
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from snakemake_executor_plugin_slurm import Executor as Plugin
from snakemake_executor_plugin_slurm_jobstep import Executor as PluginStep
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from snn.cluster import states
from snn.cluster.states import Phase, Silent, State
from snn.pipeline.job import Job
from snn.pipeline.plan import Plan

FORGOTTEN = 3  # times that a job may be in no list
USUAL = {"None", "Priority", "Resources"}  # reasons to wait that are no news for `PATIENCE` seconds
PATIENCE = 600
LONGEST_NAME = 80
STOPPED = "stopped on request"  # in the line of a training that did


def use_slurm(plan: Plan) -> None:
    """Have `--executor slurm` mean the class below, for the jobs of this plan."""
    Executor.plan = plan
    plugin = ExecutorPluginRegistry().get_plugin("slurm")
    plugin.executor = Executor
    plugin.common_settings.pass_group_args = True  # or the job would divide its pack into runs, each with its own start
    ExecutorPluginRegistry().get_plugin("slurm-jobstep").executor = Step


class Step(PluginStep):
    """Starts the jobs of a submission inside of it."""

    @property
    def cores(self) -> int:
        """As many as the submission has; the plugin would take all of the node where a site does not bind them."""
        return self.workflow.resource_settings.cores


class Executor(Plugin):
    """Submits jobs to Slurm and hears how they end."""

    plan: ClassVar[Plan]
    _failed_nodes: set[str]
    _silent, _told, _waits_since = False, "", 0.0  # read by a thread that starts before this object is complete

    def __post_init__(self, test_mode: bool = False) -> None:
        self.workflow.executor_settings.status_command = None  # the plugin's own, about which it would warn
        super().__post_init__(test_mode)
        self._folder = os.path.realpath(self.workflow.workdir_init)
        self._places = {folder: i for i, folder in enumerate(self.plan.jobs)}
        self._missed: dict[str, int] = {}
        self._cancel_left_behind()

    def get_account_arg(self, job: Any) -> Iterable[str]:
        """The account that is asked for; without one, Slurm takes the default account of the user."""
        return super().get_account_arg(job) if job.resources.get("slurm_account") else iter([""])

    def get_partition_arg(self, job: Any) -> str:
        """The partition, and the name of the job: the last --job-name of a command counts."""
        return f"{super().get_partition_arg(job)} --job-name {shlex.quote(self.name_of(job))}"

    def name_of(self, job: Any) -> str:
        """A name for people: experiment-method-seed-stage of a job, or of the first of a pack and how many follow."""
        first, *others = sorted(self._planned(job), key=lambda one: self._places[one.folder])
        run = getattr(first, "run", first)
        words = [self.plan.name, getattr(run, "method_name", ""), f"s{run.seed}" if hasattr(run, "seed") else ""]
        name = "-".join(filter(None, [*words, first.stage]))[:LONGEST_NAME]
        return f"{name}+{len(others)}" if others else name

    def run_job(self, job: Any) -> None:
        """Submit a job once Slurm answers."""
        for one in self._planned(job):
            if not one.proof.exists():
                one.log.unlink(missing_ok=True)  # that of an attempt before tells nothing about this one
        while self._ask(lambda: states.states([])) is None:
            time.sleep(self.next_seconds_between_status_checks)
        super().run_job(job)

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        """Report jobs that have ended; yields the others."""
        if not active_jobs:
            return
        ids = [info.external_jobid for info in active_jobs]
        found = await asyncio.to_thread(self._ask, lambda: states.states(ids))
        if found is None:
            for info in active_jobs:
                yield info
            return
        self._tell({job: state for job, state in found.items() if state.phase is Phase.WAITS})
        for info in active_jobs:
            state = found.get(info.external_jobid) or self._forgotten(info)
            if state.phase is Phase.DONE:
                self.report_job_success(info)
                self._remove_log(info)
            elif state.phase is Phase.FAILED:
                self._fail(info, state)
            else:
                yield info

    def print_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any) -> None:
        """One line for a pack, of which Snakemake would print every job, and not the reason."""
        if job_info.job.is_group():
            self.logger.error(msg)
        else:
            super().print_job_error(job_info, msg, **kwargs)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """Cancel whatever was submitted from this folder: a list of active jobs lacks those that are asked about."""
        if left := self._ask(lambda: states.left_in(self._folder)):
            self._ask(lambda: states.cancel(left))

    def _planned(self, job: Any) -> list[Job]:
        """The jobs of the plan behind a job or group of Snakemake."""
        ones = job.jobs if job.is_group() else [job]
        return [self.plan.jobs[Path(str(one.output[0])).parent] for one in ones]

    def _ask(self, question: Any) -> Any:
        """The answer to a question, or None: one line tells that Slurm is silent, one that it answers again."""
        try:
            answer = question()
        except Silent as error:
            if not self._silent:
                self.logger.warning(f"Slurm does not answer ({error}); asked again until it does")
            self._silent = True
            return None
        if self._silent:
            self.logger.warning("Slurm answers again")
        self._silent = False
        return answer

    def _forgotten(self, info: SubmittedJobInfo) -> State:
        """The state of a job that is in no list: after a while, its results tell."""
        missed = self._missed[info.external_jobid] = self._missed.get(info.external_jobid, 0) + 1
        if missed < FORGOTTEN:
            return State("UNKNOWN")
        done = all(one.proof.exists() for one in self._planned(info.job))
        return State("COMPLETED") if done else State("CANCELLED", "Slurm does not know it any more")

    def _fail(self, info: SubmittedJobInfo, state: State) -> None:
        job, name = info.job, self.name_of(info.job)
        if state.name in states.OF_THE_NODE and state.node:
            self._exclude(state.node)
        refused = [line for one in self._planned(job) if (line := refusal(one))][:1]
        if refused:
            job.attempt = job.restart_times + 1  # the last one
        why = f" ({state.reason})" if state.reason not in ("", "None") else ""
        again = "tried again, from its checkpoint" if job.attempt <= job.restart_times else "not tried again"
        where = f" on {state.node}" if state.node else ""
        line, log = f"Slurm job {info.external_jobid}, {name}: {state.name}{why}{where}", info.aux["slurm_logfile"]
        self.report_job_error(info, msg=" ".join([f"{line}; {again}; {log}", *refused]), aux_logs=[str(log)])

    def _exclude(self, node: str) -> None:
        """Ask for no node again that failed, unless none would be left."""
        failed = self._failed_nodes | set(self._ask(lambda: states.expanded(node)) or [])
        if failed < (self._ask(states.nodes) or set()):
            self._failed_nodes = failed

    def _tell(self, waiting: dict[str, State]) -> None:
        """One line if jobs wait for a reason that is news, or have waited for long."""
        now = time.monotonic()
        self._waits_since = self._waits_since or now if waiting else 0.0
        line = states.summary(waiting)
        news = {state.reason for state in waiting.values()} - USUAL
        if waiting and line != self._told and (news or now - self._waits_since > PATIENCE):
            self.logger.warning(f"{len(waiting)} submissions wait: {line}; see squeue --me")
            self._told = line

    def _remove_log(self, info: SubmittedJobInfo) -> None:
        if not self.workflow.executor_settings.keep_successful_logs:
            info.aux["slurm_logfile"].unlink(missing_ok=True)

    def _cancel_left_behind(self) -> None:
        """Cancel what a head that was killed has left, and wait for its end: it would write where new jobs write."""
        left = self._ask(lambda: states.left_in(self._folder))
        if not left:
            return
        self.logger.warning(f"cancelling {len(left)} jobs that an earlier start left in Slurm: {_list(left.values())}")
        still = self._ask(lambda: states.cancel(left))
        while still is None or still.keys() & left.keys():
            time.sleep(1)
            still = self._ask(lambda: states.left_in(self._folder))


def refusal(job: Job) -> str:
    """The line in which a job has refused its input, if it did; a training that stopped on request did not."""
    if job.proof.exists() or not job.log.exists():
        return ""
    last = job.log.read_text(errors="replace").rstrip().rpartition("\n")[2]
    return last if last.startswith("error: ") and STOPPED not in last else ""


def _list(names: Iterable[str], most: int = 5) -> str:
    found: Sequence[str] = list(names)
    return ", ".join(found[:most]) + (" ..." if len(found) > most else "")
