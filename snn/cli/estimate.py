"""How long jobs will take, from what jobs like them have cost. No torch.

    runs, chips, tests       costs.csv of all tables on record, which leave out the start of a job
    prepare                  the newest preparation of the data set here, or `PREPARE`
    collect, report, page    `LAST`: no table holds what they cost
    start of a job           `COLD`, or `WARM` if a warm parent forks it

The constants are seconds of a processor of 2 GHz, measured with smoke, digits and matched_fashion.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from snn.core import files
from snn.core.errors import InputError
from snn.pipeline.job import Job
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.jobs.train import Train
from snn.pipeline.record import TABLES

Key = tuple[str, ...]
HEAD = 3.0  # of Snakemake, before and after the jobs
COLD = 2.0  # a process that imports torch and plans
WARM = 0.3  # a fork of a parent that has done so, see snn/cli/parent.py
PREPARE = 1.0  # of a few thousand small images, without its start
LAST = {"collect": 1.0, "report": 5.0, "page": 3.0}  # with their start


class Costs:
    """Seconds on an idle machine: of the processor for jobs on CPUs, else of the clock; of training, per epoch.

    `start`: what is added for the start of a job.
    """

    def __init__(self, start: float = COLD) -> None:
        self._start = start
        self._seconds: defaultdict[Key, list[float]] = defaultdict(list)
        for table in sorted(TABLES.glob("*/costs.csv")):
            epochs = _epochs(table.with_name("epochs.csv"))
            for row in _rows(table):
                own = "cpu_seconds" if row.get("device") == "cpu" else "seconds"
                self._add(row.get("path", ""), row.get(own, ""), epochs)

    def seconds(self, job: Job) -> float | None:
        """The median of the same job, else of its method, else of its network, with the start of the job.

        None for a run, and what is made of it, if there is no such record.
        """
        if job.stage in LAST:
            return LAST[job.stage]
        if isinstance(job, Prepare):
            return COLD + _prepared(job)
        found = next((self._seconds[key] for key in _keys(str(job.folder)) if key in self._seconds), None)
        if found is None:
            return None
        return self._start + median(found) * (max(1, job.method.training.epochs) if isinstance(job, Train) else 1)

    def whole(self, jobs: Iterable[Job], cores: int) -> float:
        """Seconds of a workflow with these jobs; those without a record are left out.

        Preparation, tables, report and page run alone, the other jobs on all cores.
        """
        alone = together = 0.0
        for job in jobs:
            seconds = self.seconds(job) or 0.0
            if job.stage in LAST or isinstance(job, Prepare):
                alone += seconds
            else:
                together += seconds
        parent = COLD if together and self._start == WARM else 0.0
        return HEAD + alone + parent + together / cores

    def _add(self, path: str, seconds: str, epochs: dict[Key, int]) -> None:
        parts = path.split("/")
        try:
            value = float(seconds)
        except ValueError:  # of an older table
            return
        if _kind(parts) == "train":
            value /= epochs.get(tuple(parts[2:5]), 1)
        for key in _keys(path):
            self._seconds[key].append(value)


class Recorded(NamedTuple):
    """Whose table holds a result, and the commit of the code that made it."""

    experiment: str
    commit: str


def recorded(first: str) -> dict[str, Recorded]:
    """All results on record, by their folders; those of the experiment `first` come first."""
    found: dict[str, Recorded] = {}
    for table in sorted(TABLES.glob("*/costs.csv"), key=lambda path: (path.parent.name != first, path)):
        for row in _rows(table):
            if row.get("path") and row.get("commit"):
                found.setdefault(row["path"], Recorded(table.parent.name, row["commit"]))
    return found


def clock(seconds: float) -> str:
    """A time as minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _keys(path: str) -> Iterator[Key]:
    """What a result is compared by, the closest first: itself, its method, its network."""
    parts = path.split("/")
    if kind := _kind(parts):
        dataset, network, method, steps = parts[2:6]
        yield (path,)
        yield (kind, dataset, network, method, steps)
        yield (kind, dataset, network)


def _kind(parts: list[str]) -> str:
    """What made a folder of results/runs: train, tune, rows or chips of a noise model; empty for other folders."""
    if parts[:2] != ["results", "runs"] or len(parts) < 7:
        return ""
    if len(parts) == 7:
        return "tune" if parts[6].startswith("tuning-") else "train"
    return f"{parts[7]} {parts[8].rpartition('-')[0]}" if parts[7] == "chips" else parts[7]


def _prepared(job: Prepare) -> float:
    """Seconds of the newest preparation of this data set that is here."""
    found = sorted(Path().glob(f"{job.place}/provenance.json"), key=lambda path: path.stat().st_mtime)
    with suppress(InputError, KeyError, TypeError, ValueError):
        return float(files.read_json(found[-1], "")["cost"]["cpu_seconds"]) if found else PREPARE
    return PREPARE


def _epochs(table: Path) -> dict[Key, int]:
    """Epochs of the runs of each method in a table."""
    found: dict[Key, int] = {}
    for row in _rows(table):
        key, epoch = (row.get("dataset", ""), row.get("network", ""), row.get("method", "")), row.get("epoch", "")
        found[key] = max(found.get(key, 1), int(epoch) if epoch.isdigit() else 1)
    return found


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table; none if it is missing or damaged: an estimate needs no proof."""
    try:
        with table.open(newline="") as file:
            return list(csv.DictReader(file, restval=""))
    except (OSError, ValueError, csv.Error):
        return []
