"""The commands compare and check: what moved between two versions of the tables on record. No torch."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from snn.cli.listing import aligned
from snn.core import files
from snn.core.errors import InputError
from snn.core.git import git
from snn.page.write import template, text
from snn.pipeline import record
from snn.report import changes, collected
from snn.report.changes import MOVED, Source, Version
from snn.report.differences import KEYS, Compared, differences
from snn.report.markdown import table as markdown
from snn.report.metric import SHOWN, Metric

SHORT = 40  # rows on a terminal


class Told(NamedTuple):
    """The changes of an experiment: how many cells are in which state, and a row for each that is not identical."""

    name: str
    counts: str
    rows: list[dict[str, object]]
    moved: bool = False


def compare(old: str, new: str, experiment: str | None, style: str, html: Path | None = None) -> None:
    """Print what moved from one version to another, each a revision of git or a folder that holds results/tables.

    `style`: table, for a terminal, or markdown. `html`: a file in which the same rows are written, too. Raises
    InputError if a version is neither, or lacks the experiment.
    """
    with _tree(old) as before, _tree(new) as after:
        names = [sorted(path.name for path in (tree / record.TABLES).glob("*")) for tree in (before, after)]
        asked = [experiment] if experiment else sorted({*names[0], *names[1]})
        told = []
        for name in asked:
            missing = [which for which, own in ((old, names[0]), (new, names[1])) if name not in own]
            if missing and experiment:
                found = f"has no tables in {' and '.join(missing)}"
                raise InputError(f"--experiment {name}", found, "name another one")
            if missing:
                told.append(Told(name, f"only in {new if missing == [old] else old}", []))
            else:
                told.append(_told(name, before / record.TABLES / name, after / record.TABLES / name))
    for one in told:
        print(_as_text(one, style))
    if html:
        page = template("changes.html").render(old=old, new=new, told=told, style=text("page.css"))
        print(f"the page is {files.write(html, page)}")


def check(experiment: str) -> int:
    """Compare the tables of an experiment here with the committed ones: outcomes, then all columns of runs and epochs.

    Returns 1 if a cell moved, or if all outcomes are equal and a column with results differs, else 0: on another
    processor outcomes differ within their intervals, and what is counted differs with them.
    """
    with _tree("HEAD") as before:
        committed, here = before / record.TABLES / experiment, record.TABLES / experiment
        for folder, where in ((committed, "in the last commit"), (here, "here")):
            if not folder.is_dir():
                raise InputError(record.TABLES / experiment, f"has no tables {where}", "run python -m snn plan --all")
        told = _told(experiment, committed, here)
        columns = {file.name: compared for file, compared in _columns(committed, here)}
        same_times = (committed / "costs.csv").read_bytes() == (here / "costs.csv").read_bytes()
    differ = [difference for compared in columns.values() for difference in compared.columns]
    if differ:
        counts = told.counts.replace(changes.IDENTICAL, "with equal outcomes")
        told = told._replace(counts=f"{counts}; columns that differ: {len(differ)}")
    print("\n".join([_as_text(told, "table"), *(line for file, one in columns.items() for line in _lines(file, one))]))
    if same_times and not differ and not told.rows:
        print("these are the tables of the commit, its times included: nothing was computed here since")
    wrong = not told.rows and any(difference.result for difference in differ)
    return 1 if told.moved or wrong else 0


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


def _told(name: str, old: Path, new: Path) -> Told:
    """The changes of an experiment, in words."""
    versions = []
    for when, folder in (("first", old), ("second", new)):
        try:
            versions.append(_version(folder))
        except InputError as error:
            return Told(name, f"not compared; of the {when} one, {Path(error.where).name} {error.what}", [])
    table = changes.changes(*versions)
    counts = changes.counts(table)
    metric = SHOWN[versions[1].runs.metric.iloc[0]]
    rows = [_shown(cell, versions, metric) for cell in changes.ordered(table)]
    return Told(name, ", ".join(f"{n} {state}" for state, n in counts.items() if n), rows, bool(counts[MOVED]))


def _as_text(told: Told, style: str) -> str:
    """The changes of an experiment as a table for a terminal, of which long ones are cut, or in Markdown."""
    heading, rows = f"{told.name}: {told.counts}\n", told.rows
    if not rows:
        return heading
    if style == "markdown":
        return f"{heading}\n{markdown({key: [row[key] for row in rows] for key in rows[0]})}\n"
    more = f"\nand {len(rows) - SHORT} more: --format markdown shows all" if len(rows) > SHORT else ""
    return f"{heading}\n{aligned(rows[:SHORT])}{more}\n"


def _columns(old: Path, new: Path) -> Iterator[tuple[Path, Compared]]:
    """The columns of runs and epochs that differ, of tables that both folders have, be they compressed or not."""
    for name, key in KEYS.items():
        names = (collected.file(name), f"{name}.csv")
        tables = [next(filter(Path.is_file, (folder / file for file in names)), None) for folder in (old, new)]
        if tables[0] and tables[1]:
            before, after = (collected.read(file, collected.TABLES[name]) for file in tables if file)
            if set(key) <= set(before) & set(after):
                yield tables[1], differences(before, after, key)


def _lines(file: str, compared: Compared) -> Iterator[str]:
    """What differs in a table, a line per column; nothing if it is the same."""
    for column, rows, most, _ in compared.columns:
        size = "" if most is None else f", by {most:.6g} at most"
        yield f"{file}: {column} differs in {rows} of {compared.both} rows{size}"
    for rows, where in ((compared.only_old, "in the last commit"), (compared.only_new, "here")):
        if rows:
            yield f"{file}: {rows} rows are only {where}"


def _version(folder: Path) -> Version:
    runs = collected.runs(folder)
    costs = collected.read(folder / "costs.csv", collected.CostRow)
    outcomes = collected.outcomes(folder, len(runs))
    return Version(runs, outcomes, costs)


def _shown(cell: pd.Series, versions: list[Version], metric: Metric) -> dict[str, object]:
    on = [cell.condition, cell.noise, f"{cell.level:g}" if pd.notna(cell.level) else None]
    on += [cell.calibrator, cell.targets, cell.control]
    both = pd.notna(cell.difference)
    sources = [changes.source(version, cell) if both else changes.all_sources(version) for version in versions]
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
        "why": _why(*sources),
    }


def _why(old: Source, new: Source) -> str:
    """What differs between the runs of both versions; for a cell of one version alone, between all their runs."""
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
