"""A line per job while the workflow runs, in place of Snakemake's messages: its logger plugin `spikeledger`.

    [17/55] train tet s1  98.3 %  8.9 s  1:40 left

A terminal also shows what runs: how far it is, as observers write it into the logs of jobs. Warnings in these logs are
listed at the end, and so are failures if there are several. Errors of Snakemake itself are shown as they are, but for
its words on a command that failed, where a line tells the job and its log. `begin` is called by the head of a workflow.
"""

import logging
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from snn.cli.estimate import COLD, WARM, Costs, clock
from snn.cli.outcome import label, result
from snn.cli.warm import VARIABLE
from snn.core.paths import ROOT
from snn.pipeline.failures import WHILE
from snn.pipeline.job import Job
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan

NAME = "snakemake_logger_plugin_spikeledger"
TAIL = 500  # bytes of a log that are read to see how far a job is
TICK = 1.0  # seconds
MARK = "warning: "  # of an observer
NOTHING = "Nothing to be done"
FIRST = "after epoch 0, "  # of a warning of training
MOST = 10  # jobs whose warnings are listed, or whose failures
COMMAND = "CalledProcessError"  # Snakemake's words for a command that failed, logged before the error of its job
CAUSE = 20_000  # bytes of a log that are searched for the cause of a failure
FRAME = re.compile(rf'File "{re.escape(str(ROOT))}/(snn/\S+\.py)", line (\d+)')  # of a traceback
INTERRUPTED = "error: keyboard: interrupted"  # how the log of a job ends that a signal ended
ENDED = "was interrupted"
ECHOES = ("RuleException", "At least one job did not complete", "Exiting because a job execution failed")


class Work:
    """A job of the workflow: how it is called, its log, the seconds that it is expected to take and when it started."""

    def __init__(self, name: str, job: Job | None, log: Path | None, seconds: float | None):
        self.name, self.job, self.log, self.seconds = name, job, log, seconds
        self.started: float | None = None

    def last(self) -> str:
        """The last line of its log."""
        return (_text(self.log, TAIL).splitlines() or [""])[-1]

    def failure(self) -> str:
        """How it failed: the last line of its log, and of an exception the innermost line of our code, a rule first."""
        text = _text(self.log, CAUSE)
        *before, last = text.splitlines() or [""]
        if before and last.startswith(WHILE):
            last = f"{before[-1]}, {last}"
        if last.startswith(INTERRUPTED):
            return ENDED
        frames = FRAME.findall(text)
        path, line = next((one for one in reversed(frames) if "/rules/" in one[0]), frames[-1] if frames else ("", ""))
        return f"failed: {f'{path}:{line}: ' if path else ''}{last} (its log: {self.log})"


class Course:
    """All jobs that are due: which run, which have ended, and how long the rest will take on `cores`."""

    def __init__(self, works: dict[int, Work], cores: int):
        self.works, self.cores = works, max(1, cores)
        self.running: dict[int, Work] = {}
        self.ended: list[Work] = []
        self._taken = self._expected = 0.0

    def start(self, number: int, now: float) -> None:
        """A job starts."""
        if number in self.works:
            self.running[number] = self.works[number]
            self.running[number].started = now

    def end(self, number: int, now: float) -> tuple[Work, float] | None:
        """A job has ended: the job, and the seconds that it took; None for a job without a result of its own."""
        work = self.running.pop(number, None)
        if work is None or work.started is None:
            return None
        self.ended.append(work)
        taken = now - work.started
        self._taken += taken
        self._expected += work.seconds if work.seconds is not None else taken
        work.seconds = taken
        return work, taken

    def left(self, now: float) -> float | None:
        """Seconds until the end, corrected by how long the jobs that have ended took; None as long as none can tell."""
        if not self.ended or not self._expected:
            return None
        mean, factor = self._taken / len(self.ended), self._taken / self._expected
        rest = 0.0
        for work in self.works.values():
            if work not in self.ended:
                whole = factor * work.seconds if work.seconds is not None else mean
                rest += max(0.0, whole - (now - work.started)) if work.started is not None else whole
        return rest / min(self.cores, max(1, len(self.works) - len(self.ended)))


class LogHandler(LogHandlerBase):
    """Writes the lines on standard error."""

    writes_to_stream, writes_to_file = True, False
    has_filter, has_formatter, needs_rulegraph = True, True, False

    def __post_init__(self) -> None:
        """Snakemake makes one in its main process."""
        global _active
        _active = self
        self._course, self._failed = Course({}, 1), False
        self._failures: list[str] = []
        self._held: list[logging.LogRecord] = []  # words on a command, until its job is known
        self._errors = DefaultFormatter(show_failed_logs=False)
        self._bar = tqdm(bar_format="{desc}", leave=False, disable=None, dynamic_ncols=True, file=sys.stderr)
        self._done = threading.Event()
        if not self._bar.disable:
            threading.Thread(target=self._tick, daemon=True).start()

    def follow(self, course: Course) -> None:
        """These jobs are due."""
        self._course = course

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler; records come one after the other, in a thread of their own."""
        event, now = getattr(record, "event", None), record.created
        fields: dict[str, Any] = vars(record)
        if event == LogEvent.JOB_INFO:
            self._course.start(fields["jobid"], now)
        elif event == LogEvent.JOB_FINISHED:
            if ended := self._course.end(fields["job_id"], now):
                self._write(self._line(*ended, now))
        elif event == LogEvent.JOB_ERROR:
            if ended := self._course.end(fields["jobid"], now):
                self._held.clear()
                self._fail(ended[0])
        elif self._failed and any(echo in str(record.msg) for echo in ECHOES):
            return
        elif COMMAND in str(record.msg):
            self._held.append(record)
        elif record.levelno >= logging.WARNING or str(record.msg).startswith(NOTHING):
            self._write(self._errors.format(record))

    def close(self) -> None:
        """List the warnings of all jobs, what Snakemake told of none of them, and failures."""
        if not self._done.is_set():
            self._done.set()
            self._bar.close()
            held = [self._errors.format(record) for record in self._held]
            failed = _shortened(f"{len(self._failures)} jobs failed:", self._failures) if self._failures[1:] else []
            for line in (*_warnings(self._course.ended), *held, *failed):
                print(line, file=sys.stderr, flush=True)
        super().close()

    def _fail(self, work: Work) -> None:
        failure, self._failed = work.failure(), True
        self._write(f"{self._count()} {work.name} {failure}")
        if failure != ENDED:
            self._failures.append(f"  {work.name} {failure}")

    def _line(self, work: Work, taken: float, now: float) -> str:
        left = self._course.left(now)
        rest = f"{clock(left)} left" if left and len(self._course.ended) < len(self._course.works) else ""
        parts = [f"{self._count()} {work.name}", result(work.job) if work.job else "", f"{taken:.1f} s", rest]
        return "  ".join(filter(None, parts))

    def _count(self) -> str:
        total = len(self._course.works)
        return f"[{len(self._course.ended):>{len(str(total))}}/{total}]"

    def _tick(self) -> None:
        """Show every second what runs, and how far it is."""
        while not self._done.wait(TICK):
            shown = [f"{work.name} {work.last()}".rstrip() for work in list(self._course.running.values())]
            if not self._done.is_set():
                self._bar.set_description_str(" | ".join(shown)[: shutil.get_terminal_size().columns - 1])

    def _write(self, line: str) -> None:
        self._bar.clear()
        print(line, file=sys.stderr, flush=True)
        self._bar.refresh()


_active: LogHandler | None = None


def begin(plan: Plan, workflow: Any) -> None:
    """Tell the logger, if it is in use, which jobs of a plan Snakemake is about to run."""
    if _active is None or not workflow.is_main_process:
        return
    made = {str(path): job for job in plan.jobs.values() for path in job.outputs}
    costs = Costs(WARM if VARIABLE in os.environ else COLD)
    works = {}
    for due in workflow.dag.needrun_jobs():
        outputs, logs = list(map(str, due.output)), list(map(str, due.log))
        if outputs:
            job = made.get(outputs[0])
            name = label(job) if job else f"{due.rule.name} {Path(outputs[0]).name}"
            log = Path(logs[0]) if logs else None
            works[due.dag.jobid(due)] = Work(name, job, log, costs.seconds(job) if job else None)
    _active.follow(Course(works, int(workflow.nodes if not workflow.local_exec else workflow.cores)))


def _warnings(works: Iterable[Work]) -> list[str]:
    """The first warning of each job that has any, with the name of the job.

    Layers that are quiet after the first epoch of several are not worth a line: they wake up, or are told again.
    """
    found = []
    for work in works:
        own = [line.removeprefix(MARK) for line in _text(work.log).splitlines() if line.startswith(MARK)]
        if isinstance(work.job, Train) and work.job.method.training.epochs > 1:
            own = [line for line in own if not line.startswith(FIRST)]
        if own:
            found.append(f"  {work.name}: {own[0]}" + (f"; {len(own) - 1} more in {work.log}" if own[1:] else ""))
    return _shortened("warnings:", found) if found else []


def _shortened(heading: str, lines: list[str]) -> list[str]:
    """A heading and as many lines as one can read."""
    rest = [f"  and {len(lines) - MOST} more jobs, see logs"] if len(lines) > MOST else []
    return [heading, *lines[:MOST], *rest]


def _text(path: Path | None, tail: int | None = None) -> str:
    """A log, or its last bytes; empty if it is not there yet."""
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            if tail is not None:
                file.seek(max(0, path.stat().st_size - tail))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
