"""How long jobs will take, from what jobs like them have cost: costs.csv of all tables on record. No torch."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from snn.pipeline.job import Job
from snn.pipeline.jobs.train import Train
from snn.pipeline.record import TABLES

Key = tuple[str, ...]


class Costs:
    """Seconds on an idle machine: of the processor for jobs on CPUs, else of the clock; of training, per epoch."""

    def __init__(self) -> None:
        self._seconds: defaultdict[Key, list[float]] = defaultdict(list)
        for table in sorted(TABLES.glob("*/costs.csv")):
            epochs = _epochs(table.with_name("epochs.csv"))
            for row in _rows(table):
                own = "cpu_seconds" if row.get("device") == "cpu" else "seconds"
                self._add(row.get("path", ""), row.get(own, ""), epochs)

    def seconds(self, job: Job) -> float | None:
        """The median of the same job, else of its method, else of its network; None if there is no such record."""
        found = next((self._seconds[key] for key in _keys(str(job.folder)) if key in self._seconds), None)
        if found is None:
            return None
        return median(found) * (max(1, job.method.training.epochs) if isinstance(job, Train) else 1)

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
