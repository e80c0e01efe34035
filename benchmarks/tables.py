"""CPU-seconds of collecting tables: runs of an experiment that lie here, copied under other seeds.

    python -m benchmarks.tables [RUNS [EXPERIMENT]]     # default 1,002 like those of smoke

Prints the time and a sum over all tables but costs.csv, which is equal for equal code of tables. Units: CPU-seconds.
"""

import csv
import hashlib
import io
import itertools
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from snn.core import files
from snn.pipeline.plan import Plan
from snn.report.collect import Evaluated, collect


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
        return path.read_bytes() if path.suffix == ".json" else b"weights"
    rows = list(csv.DictReader(path.open()))
    if not rows:
        return path.read_bytes()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, **{name: value for name, value in changes.items() if name in row}} for row in rows)
    return text.getvalue().encode()


def main(runs: int = 1002, experiment: str = "smoke") -> None:
    """Make the runs, collect them once, print the time and the sum."""
    sources = {one.run.parent: one for one in Plan(experiment).collect.evaluated}.values()
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder, "runs"), Path(folder, "tables")
        kinds = itertools.islice(itertools.product(range(runs), sources), runs)
        evaluated = [copy(source, home, seed) for seed, source in kinds]
        start = time.process_time()
        collect(evaluated, (), out)
        spent = time.process_time() - start
        tables = [path.read_bytes() for path in sorted(out.iterdir()) if path.name != "costs.csv"]
        total = hashlib.sha256(b"".join(tables)).hexdigest()
        print(f"{runs} runs: {spent:.1f} CPU-s, {sum(map(len, tables)) / 1e6:.1f} MB, sha256 {total}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
