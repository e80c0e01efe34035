"""Tables, reports and pages: collecting more and more runs, and what committed tables take.

    python -m benchmarks.tables [--rounds 5]

Processor time. "collect": runs of `smoke`, made here first and copied under other seeds; the time of collecting alone,
as a ratio to that of the fewest runs. "report" and "page": `snn report` and `snn page` of committed tables, imports and
all processes included. At most three rounds.
"""

import csv
import hashlib
import io
import itertools
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import measure, workflows
from benchmarks.measure import Candidate, Row, Table
from benchmarks.startup import SMOKE
from snn.core import files
from snn.core.paths import ROOT
from snn.pipeline.plan import Plan
from snn.report.collect import Evaluated, collect

EXPERIMENT = "smoke"
RUNS = (102, 1002, 3000)
COMMITTED = ("digits", "hardware_digits")
MOST_ROUNDS = 3
WEIGHTS = ("student.safetensors", "net.safetensors", "chips.safetensors")


def copy(source: Evaluated, home: Path, seed: int) -> Evaluated:
    """The same results under another seed, with their sums."""
    method = source.run.parent.parent.name
    digest = hashlib.sha256(f"{method} {seed}".encode()).hexdigest()[:12]
    run = home / method / f"s{seed}-{digest}"
    chips = {noise: run / "chips" / folder.name for noise, folder in source.chips.items()}
    changes = {"seed": seed, "digest": digest}
    own = replace(source, run=run, rows=run / "rows", chips=chips, start=None)
    for folder, target in zip(replace(source, start=None).folders, own.folders, strict=True):
        target.mkdir(parents=True, exist_ok=True)
        names = sorted(files.kept_in(folder) - {"sha256.json"})
        for name in names:
            (target / name).write_bytes(changed(folder / name, changes))
        (target / "sha256.json").write_text(json.dumps({name: files.sha256(target / name) for name in names}))
    return own


def changed(path: Path, changes: dict[str, object]) -> bytes:
    """The content of a file; in a table, the columns of these names hold these values."""
    if path.suffix != ".csv":
        return b"weights" if path.name in WEIGHTS else path.read_bytes()
    rows = list(csv.DictReader(path.open()))
    if not rows:
        return path.read_bytes()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, **{name: value for name, value in changes.items() if name in row}} for row in rows)
    return text.getvalue().encode()


def seconds(runs: int) -> float:
    """CPU-seconds of collecting that many runs: those of `smoke` that lie in this tree, under other seeds.

    The time is that of this process after it has copied them.
    """
    sources = {one.run.parent: one for one in Plan(EXPERIMENT).collect.evaluated}.values()
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder, "runs"), Path(folder, "tables")
        kinds = itertools.islice(itertools.product(range(runs), sources), runs)
        evaluated = [copy(source, home, seed) for seed, source in kinds]
        start = time.process_time()
        collect(evaluated, (), out)
        return time.process_time() - start


def rows(rounds: int) -> Iterator[Row]:
    """A table for collecting, and one each for reports and pages of committed tables."""
    with tempfile.TemporaryDirectory() as folder:
        tree = workflows.copy(Path(folder, "tree"))
        workflows.output([sys.executable, "-c", SMOKE], tree)
        collecting = {
            f"{runs:,} runs": [sys.executable, "-m", "benchmarks.tables", "--one", str(runs)] for runs in RUNS
        }
        yield from table("collect", collecting, lambda command: float(workflows.output(command, tree)), rounds)
        for part in ("tables", "report"):
            for name in COMMITTED:
                shutil.copytree(ROOT / "results" / part / name, tree / "results" / part / name)
        for what, options in (("report", ["--experiment"]), ("page", [])):
            commands = {name: [sys.executable, "-m", "snn", what, *options, name] for name in COMMITTED}
            yield from table(what, commands, lambda command: workflows.seconds(command, tree), rounds)


def table(
    case: str, commands: dict[str, list[str]], measured: Callable[[list[str]], float], rounds: int
) -> Iterator[Row]:
    """The commands by their names, interleaved; ratios are to the first."""
    before, found = measure.load(), {name: [] for name in commands}
    for i in range(min(rounds, MOST_ROUNDS)):
        for name in measure.rotated(list(commands), i):
            found[name].append(measured(commands[name]))
    candidates = {name: Candidate(lambda: None) for name in commands}
    yield from Table("tables", case, None, next(iter(commands)), candidates, {}).filled(found, "CPU-s", before)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(seconds(int(sys.argv[2])))
    else:
        measure.command("tables", rows, __doc__)
