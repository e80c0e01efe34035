"""Interleaved measuring: ratios per round, and the rows of a quantity.

All candidates of a table run once in every round, and the first of a round rotates. Figures are the median, smallest
and largest of the per-round ratios to one of them, so that a load which changes from round to round falls on all. The
clock is the process's own processor time, on one thread, with the settings of torch and malloc that jobs of the product
use (`snn/core/device.py`). Equality is found before the time.
"""

import argparse
import datetime
import functools
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch

from benchmarks import FOLDER, figure
from snn.core import device, stored
from snn.core.errors import InputError
from snn.core.git import git
from snn.model import neuron
from snn.pipeline import bfloat16

ROUNDS = 5
NOT_HERE = "not run here: "
SHORTEST = 0.02  # seconds of a sample; faster calls are repeated
TOLERANCE = {"number": 1e-6, "gradient": 3e-5}  # relative, where models are the same; rounding reaches 7e-6
LIBRARIES = ("torch", "spikingjelly", "snntorch", "norse", "neurobench")


class Ratio(NamedTuple):
    """Median, smallest and largest ratio of a round, and the number of rounds."""

    median: float
    lowest: float
    highest: float
    rounds: int


@dataclass(frozen=True)
class Equality:
    """How a candidate's result differs from the reference's: a number, and what it is a number of.

    `gradient`: see `apart`, None where there is none to compare.
    """

    number: float
    of: str
    gradient: float | None = None

    def check(self, name: str) -> None:
        """Raise InputError, naming the candidate, if a result that should be the same is not."""
        if not (self.number <= TOLERANCE["number"] and (self.gradient or 0.0) <= TOLERANCE["gradient"]):  # nan is none
            raise InputError(name, f"{self.number:g} {self.of}, gradients {self.gradient}", "fix it before timing it")


def apart(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference of two tensors over the largest expected number."""
    return float((found - expected).abs().max() / expected.abs().max())


@dataclass(frozen=True)
class Candidate:
    """What is measured. `model`: "same", or how it differs from the reference's."""

    do: Callable[[], object]
    equality: Equality | None = None
    model: str = "same"


@dataclass(frozen=True)
class Row:
    """A candidate in one table. None and empty texts: not measured, for the reason in `note`.

    `value`: the quantity itself, median of the rounds, in `unit`; of use on this machine only.
    """

    quantity: str
    case: str
    steps: int | None
    candidate: str
    reference: str = ""
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None
    rounds: int = 0
    value: float | None = None
    unit: str = ""
    equality: float | None = None
    equality_of: str = ""
    gradient: float | None = None
    model: str = ""
    note: str = ""
    load_before: float | None = None
    load_after: float | None = None
    cpu: str = ""
    versions: str = ""
    commit: str = ""
    date: str = ""
    instructions: str = ""
    cores: int | None = None


@dataclass(frozen=True)
class Table:
    """Candidates that are measured together, by name; `absent`: others, and why they do not run here."""

    quantity: str
    case: str
    steps: int | None
    reference: str
    candidates: Mapping[str, Candidate]
    absent: Mapping[str, str]

    def check(self) -> None:
        """Raise InputError if a candidate has the same model as the reference and another result."""
        for name, candidate in self.candidates.items():
            if candidate.model == "same" and candidate.equality:
                candidate.equality.check(f"{self.quantity}, {self.case}, {name}")

    def rows(self, rounds: int, clock: Callable[[], float] = time.process_time) -> Iterator[Row]:
        """Check equality, measure, and yield a row per candidate, with times in milliseconds."""
        self.check()
        before = load()
        if not self.candidates:
            yield from self.filled({}, "ms", before)
            return
        seconds = interleaved({name: candidate.do for name, candidate in self.candidates.items()}, rounds, clock)
        milliseconds = {name: [1000 * s for s in row] for name, row in seconds.items()}
        yield from self.filled(milliseconds, "ms", before)

    def filled(self, values: Mapping[str, Sequence[float]], unit: str, before: float) -> Iterator[Row]:
        """A row per candidate from its values of all rounds, and one per absent candidate."""
        about = self.quantity, self.case, self.steps
        found, after = ratios(values, self.reference) if values else {}, load()
        for name, candidate in self.candidates.items():
            equality = candidate.equality or Equality(math.nan, "")
            yield Row(
                *(*about, name, self.reference, *found[name]),
                value=statistics.median(values[name]),
                unit=unit,
                equality=None if math.isnan(equality.number) else equality.number,
                equality_of=equality.of,
                gradient=equality.gradient,
                model=candidate.model,
                load_before=before,
                load_after=after,
                **machine(),
            )
        for name, reason in self.absent.items():
            yield Row(*about, name, note=NOT_HERE + reason, **machine())


def interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds of one call of each candidate per round. Each is called before, which is not measured.

    A candidate that takes less than `SHORTEST` is called so often in a round that it takes that long.
    """
    calls = {name: _calls(do, clock) for name, do in candidates.items()}
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for i in range(rounds):
        for name in rotated(list(candidates), i):
            start = clock()
            for _ in range(calls[name]):
                candidates[name]()
            seconds[name].append((clock() - start) / calls[name])
    return seconds


def _calls(do: Callable[[], object], clock: Callable[[], float]) -> int:
    """How often to call; a short first call is repeated, since it may set much up."""
    seconds = math.inf
    for _ in range(2):
        start = clock()
        do()
        seconds = min(seconds, clock() - start)
        if seconds > 10 * SHORTEST:
            break
    return max(1, math.ceil(SHORTEST / max(seconds, 1e-6)))


def rotated(names: Sequence[str], i: int) -> list[str]:
    """The order of round i: every round starts one candidate later."""
    first = i % len(names)
    return [*names[first:], *names[:first]]


def ratios(values: Mapping[str, Sequence[float]], reference: str) -> dict[str, Ratio]:
    """The ratios to the reference, round by round, of every candidate."""
    found = {}
    for name, row in values.items():
        of_rounds = [value / other for value, other in zip(row, values[reference], strict=True)]
        found[name] = Ratio(statistics.median(of_rounds), min(of_rounds), max(of_rounds), len(of_rounds))
    return found


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


@functools.cache
def machine() -> dict[str, Any]:
    """Processor, versions, commit and date; "+" behind a commit tells that code differs from it.

    "instructions": the set that torch uses, and what multiplies bfloat16. "cores": those of the machine. If `fire` has
    several forms, the versions also name the one that runs here.
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = [f"python {platform.python_version()}"]
    for library in LIBRARIES:
        try:
            versions.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            continue
    if hasattr(neuron, "name_of"):
        versions.append(f"neuron {neuron.name_of(torch.device('cpu'))}")
    try:
        commit = git("rev-parse", "--short", "HEAD").strip()
        changed = git("status", "--porcelain", "--", "snn", "benchmarks", "params").strip()
    except InputError:
        commit, changed = "unknown", ""
    return {
        "cpu": named[0] if named else platform.processor() or platform.machine(),
        "versions": "; ".join(versions),
        "commit": commit + ("+" if changed else ""),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "instructions": " ".join([torch.backends.cpu.get_cpu_capability(), *(bfloat16.instructions() or ())]),
        "cores": os.cpu_count(),
    }


def command(quantity: str, rows: Callable[[int], Iterable[Row]], description: str | None) -> None:
    """The command line of a quantity: print rows as they come, then write them to `FOLDER`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"interleaved rounds, {ROUNDS} by default")
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder of the CSV, {FOLDER} by default")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds: at least 1")
    device.choose("cpu", threads=1)
    machine()  # the commit at the start
    found = []
    try:
        for row in rows(chosen.rounds):
            print(line(row), flush=True)
            found.append(row)
        write(chosen.out / f"{quantity}.csv", found)
    except InputError as error:
        stop(error)


def line(row: Row) -> str:
    """A row as text for the terminal."""
    where = f"{row.quantity} | {row.case}{'' if row.steps is None else f', T = {row.steps}'} | {row.candidate}"
    if row.ratio is None:
        return f"{where} | {row.note}"
    of = f"{figure(row.ratio)} ({figure(row.lowest)} to {figure(row.highest)}) of {row.reference}"
    equal = "" if row.equality is None else f" | {row.equality:g} {row.equality_of}"
    return f"{where} | {of} | {row.value:,.1f} {row.unit}{equal}"


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV: six significant digits, None as an empty field."""
    rounded = [{key: _short(value) for key, value in asdict(row).items()} for row in rows]
    stored.write_csv(path, rounded, [field.name for field in fields(Row)])


def _short(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def stop(error: InputError) -> NoReturn:
    """Print an error in one line and exit with status 2."""
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(2)
