"""The commands compare and check: what moved between two versions of the tables on record. No torch."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from snn.cli.listing import aligned
from snn.core.errors import InputError
from snn.core.git import git
from snn.pipeline import record
from snn.report import changes, collected
from snn.report.changes import IDENTICAL, MOVED, Source, Version
from snn.report.markdown import table as markdown
from snn.report.metric import SHOWN, Metric

SHORT = 40  # rows on a terminal


def compare(old: str, new: str, experiment: str | None, style: str) -> None:
    """Print what moved from one version to another, each a revision of git or a folder that holds results/tables.

    `style`: table, for a terminal, or markdown. Raises InputError if a version is neither, or lacks the experiment.
    """
    with _tree(old) as before, _tree(new) as after:
        names = [sorted(path.name for path in (tree / record.TABLES).glob("*")) for tree in (before, after)]
        asked = [experiment] if experiment else sorted({*names[0], *names[1]})
        shared = [name for name in asked if name in names[0] and name in names[1]]
        for name in asked:
            missing = [which for which, own in ((old, names[0]), (new, names[1])) if name not in own]
            if missing and experiment:
                found = f"has no tables in {' and '.join(missing)}"
                raise InputError(f"--experiment {name}", found, "name another one")
            if missing:
                print(f"{name}: only in {new if missing == [old] else old}\n")
        for name in shared:
            print(_told(name, before / record.TABLES / name, after / record.TABLES / name, style)[0])


def check(experiment: str) -> int:
    """Compare the tables of an experiment here with the committed ones; returns 1 if a cell moved, else 0."""
    with _tree("HEAD") as before:
        committed, here = before / record.TABLES / experiment, record.TABLES / experiment
        for folder, where in ((committed, "in the last commit"), (here, "here")):
            if not folder.is_dir():
                raise InputError(record.TABLES / experiment, f"has no tables {where}", "run python -m snn plan --all")
        text, moved = _told(experiment, committed, here, "table")
    print(text)
    return 1 if moved else 0


@contextmanager
def _tree(name: str) -> Iterator[Path]:
    """A folder that holds results/tables: the one of this name, or the tables of a revision in a temporary folder."""
    if Path(name, record.TABLES).is_dir():
        yield Path(name)
        return
    archive = subprocess.run(["git", "archive", name, "--", str(record.TABLES)], capture_output=True, check=False)
    if archive.returncode:
        found = "is neither a folder with results/tables nor a revision that has them"
        raise InputError(name, found, "see git tag, git log")
    with TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
        yield Path(folder)


def _told(name: str, old: Path, new: Path, style: str) -> tuple[str, bool]:
    """The changes of an experiment in words, and whether a cell moved."""
    versions = []
    for folder in (old, new):
        try:
            versions.append(_version(folder))
        except InputError as error:
            return f"{name}: not compared; {error.what} in {error.where}\n", False
    table = changes.changes(*versions)
    counts = changes.counts(table)
    heading = f"{name}: " + ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    if counts[IDENTICAL] == len(table):
        return f"{heading}\n", False
    metric = SHOWN[versions[1].runs.metric.iloc[0]]
    rows = [_shown(cell, versions, metric) for cell in changes.ordered(table)]
    if style == "markdown":
        return f"{heading}\n\n{markdown({key: [row[key] for row in rows] for key in rows[0]})}\n", bool(counts[MOVED])
    more = f"\nand {len(rows) - SHORT} more: --format markdown shows all" if len(rows) > SHORT else ""
    return f"{heading}\n\n{aligned(rows[:SHORT])}{more}\n", bool(counts[MOVED])


def _version(folder: Path) -> Version:
    runs = collected.runs(folder)
    costs = collected.read(folder / "costs.csv", collected.CostRow)
    outcomes = collected.outcomes(folder, len(runs))
    return Version(runs, outcomes, costs)


def _shown(cell: pd.Series, versions: list[Version], metric: Metric) -> dict[str, object]:
    on = [cell.condition, cell.noise, f"{cell.level:g}" if pd.notna(cell.level) else None]
    on += [cell.calibrator, cell.targets, cell.control]
    both = pd.notna(cell.difference)
    if both:
        why = _why(*(changes.source(version, cell) for version in versions))
    else:
        why = ", ".join(_edited(*(frozenset(version.costs.commit) for version in versions))) or "other runs"
    return {
        "method": cell.method,
        "T": f"{cell.steps_eval:g}",
        "on": " ".join(str(part) for part in on if part and pd.notna(part)),
        "old": "-" if pd.isna(cell.old) else metric.value(cell.old),
        "new": "-" if pd.isna(cell.new) else metric.value(cell.new),
        "difference": metric.difference(cell.difference) if both else "-",
        "interval": f"{metric.difference(cell.low)} to {metric.difference(cell.high)}" if both else "-",
        "seeds": f"{cell.seeds:g}" if both else "-",
        "state": cell.state,
        "why": why,
    }


def _why(old: Source, new: Source) -> str:
    """What differs between the runs of both versions."""
    found = []
    if old.data != new.data:
        found.append("data")
    if old.digests != new.digests:
        found += _edited(old.commits, new.commits)
    if old.machines != new.machines:
        found.append("machine")
    if old.versions != new.versions:
        found.append("libraries")
    return ", ".join(found) or "seeds or chips"


def _edited(old: frozenset[str], new: frozenset[str]) -> list[str]:
    """Whether code or parameters differ between the commits that made two versions; both if git cannot tell."""
    folders = {"snn": "code", "params": "parameters"}
    try:
        files = [path for a in old for b in new for path in git("diff", "--name-only", a, b, "--").splitlines()]
    except InputError:
        return list(folders.values())
    return [word for folder, word in folders.items() if any(path.startswith(f"{folder}/") for path in files)]
