"""To look around: what is due, what there is, what a run is made of, how an experiment came out. No torch."""

import csv
import glob
import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from snn import files, params, stages, tablesets
from snn.errors import InputError, remake
from snn.grid import DEFAULT_EXPERIMENT, Grid
from snn.wiring import sizes, with_readout

SHOWN_IN_README = (
    *(DEFAULT_EXPERIMENT, "matched"),
    *("fashion_quick", "cifar10-approx93_quick", "nmnist-1000-100_quick"),
)
SHOWN_IN_PITFALLS = ("digits_all", "digits_residual")
SHOWN_ON_CHIPS = ("hardware", DEFAULT_EXPERIMENT)
VERDICT = "Energy over that"
ASKED = "## Asked for\n\n"


def plan(experiment: str) -> int:
    """Print how many jobs of each rule are due; returns 1 if there are any, else 0. The workflow itself is asked."""
    due = due_jobs(experiment)
    for rule, count in due.items():
        print(f"{rule:<10} {count}")
    command = f"make reproduce EXPERIMENT={shlex.quote(experiment)}"
    print(f"{sum(due.values())} jobs are due; next: {command}" if due else "nothing to be done")
    return 1 if due else 0


def plan_all() -> int:
    """Print whether the tables on record are those of today's code, parameters and data, and which commits made them;
    returns 0 if all are, else 1. Digests tell; the workflow is not asked.
    """
    rows, refusals = [], []
    for name in tablesets.names():
        tables = tablesets.TableSet(name)
        row = {"experiment": name, "tables": "not proven", "dirty rows": "", "commits": ""}
        try:
            tables.prove()
            row |= {"tables": "not planned", "dirty rows": str(tables.dirty), "commits": " ".join(tables.commits)}
            row["tables"] = "as today" if tables.of_today else "stale"
        except InputError as error:
            refusals.append(str(error))
        rows.append(row)
    if rows:
        print("\n".join([_aligned(rows), *refusals]))
    old = sum(row["tables"] != "as today" for row in rows)
    print(f"{old} of {len(rows)} sets of tables are not those of today's code, parameters and data")
    return 1 if old else 0


def due_jobs(experiment: str) -> dict[str, int]:
    """Jobs that are due, by rule, as a dry run of the workflow counts them."""
    Grid(experiment).check()  # its refusals are plainer than those of a dry run
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--config", f"experiment={experiment}"]
    dry = subprocess.run(command, capture_output=True, text=True, check=False)
    if dry.returncode:
        lines = (dry.stdout + dry.stderr).strip().splitlines()
        raise InputError(
            "workflow", lines[-1].removeprefix("error: "), f"run snakemake -n --config experiment={experiment}"
        )
    _, _, table = (dry.stdout + dry.stderr).partition("Job stats:\n")
    rows = [line.split() for line in table.partition("\n\n")[0].splitlines()[2:]]
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def listing(kind: str, style: str) -> None:
    """Print the things of a kind, one a row."""
    rows = [{"name": name, **_described(kind, params.load(kind, name))} for name in params.names(kind)]
    if style == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        print(_aligned(rows))


def show(run: Path) -> None:
    """Print parameters and provenance of a run, and the command that recreates it."""
    folder = _find(run)
    remedy = remake(folder, "give a folder below results/runs, or its digest")
    document = files.read_json(folder / "params.json", remedy)
    provenance = files.read_json(folder / "provenance.json", remedy)
    if not isinstance(provenance, dict) or "commit" not in provenance:
        raise InputError(folder / "provenance.json", "is no record of a run", remedy)
    experiments = [name for name in params.names("experiments") if _has(name, folder)]
    print(f"{folder}\n")
    print(json.dumps({"parameters": document, "provenance": provenance}, indent=2, sort_keys=True))
    if experiments:
        target = shlex.quote(str(folder / "net.safetensors"))
        print(f"\nrecreate it:\n  rm -r {shlex.quote(str(folder))}")
        print(f"  .venv/bin/python -m snakemake -c1 --config experiment={experiments[0]} -- {target}")
    else:
        commit = provenance["commit"]
        print(f"\nno experiment asks for this run today; it was made at commit {commit}:")
        print(f"  git worktree add ../{commit[:12]} {commit}")


def summary(experiment: str) -> None:
    """Print summary.md of an experiment and where its page is; the page is made when it is not up to date.

    Every result is compared with its record first; prepared data may have been removed.
    """
    grid = Grid(experiment)
    table, again = grid.tables.file("summary.md"), f"make reproduce EXPERIMENT={experiment}"
    if not grid.tables.stamp_file.exists() or not table.exists():
        raise InputError(table, "is missing or not up to date", f"run {again}")
    for job in grid.jobs.values():
        removed = job is grid.data and not job.folder.exists()
        if job.proof.suffix != ".stamp" and not removed:
            if not job.proof.exists():
                raise InputError(
                    job.folder, "was not computed here", f"run {again}, or read {table} as it was released"
                )
            files.verify(job.folder)
    stages.verify_tables(grid.tables)
    print(table.read_text())
    print(f"tables:  {grid.tables.folder}\nfigures: {grid.figures.folder}\npage:    {page(grid)}")


def readme() -> None:
    """Put the tables that README and docs show between their markers.

    Raises InputError, with no file written, for tables that their stamp does not prove, tables of today that code made
    which was not committed, or a marker that is missing.
    """
    for experiment in sorted({*SHOWN_IN_README, *SHOWN_ON_CHIPS, *SHOWN_IN_PITFALLS}):
        tables = tablesets.TableSet(experiment)
        tables.prove()
        tables.refuse_dirty()
    pages: dict[Path, str] = {}
    for path, marker, body in documented():
        begin, found, rest = pages.setdefault(path, path.read_text()).partition(f"<!-- {marker}: ")
        said, _, shown = rest.partition("\n")
        _, end, after = shown.partition("<!-- end -->")
        if not found or not end:
            raise InputError(path, f"has no place for {marker}", f"write <!-- {marker}: --> and <!-- end --> into it")
        pages[path] = f"{begin}{found}{said}\n{body}{end}{after}"
    for path, page in pages.items():
        files.write(path, page)


def documented() -> Iterator[tuple[Path, str, str]]:
    """What is shown where: (file, marker, text), read from the tables of this checkout; those that are stale say so."""
    for experiment in SHOWN_IN_README:
        tables = tablesets.TableSet(experiment)
        _, _, table = (tables.folder / "summary.md").read_text().split("\n", 2)
        yield Path("README.md"), experiment, table.replace("## ", "### ") + tables.mark  # less its heading
    for experiment in SHOWN_ON_CHIPS:
        tables = tablesets.TableSet(experiment)
        joules = (tables.folder / "energy.md").read_text()
        verdict = joules[joules.index(VERDICT) :].split("\n## ", 1)[0]
        yield Path("docs/energy.md"), f"{experiment} energy", verdict + tables.mark
        _, _, chips = (tables.folder / "hardware.md").read_text().split("\n", 2)
        yield Path("docs/hardware.md"), f"{experiment} chips", chips.replace("\n##", "\n####") + tables.mark
    effects = []
    for experiment in SHOWN_IN_PITFALLS:
        tables = tablesets.TableSet(experiment)
        _, asked = (tables.folder / "comparisons.md").read_text().split(ASKED)
        table = asked.split("\n\n##")[0].rstrip("\n")
        effects.append(f"### {experiment}\n\n{table}\n{tables.mark}")
    yield Path("docs/pitfalls.md"), "effects", "\n".join(effects)


def page(grid: Grid) -> Path:
    """The self-contained HTML page of an experiment, made by Snakemake unless it is newer than the figures."""
    path = Path("results/report", f"{grid.name}.html")
    if path.exists() and path.stat().st_mtime >= grid.figures.stamp_file.stat().st_mtime:
        return path

    def make(temporary: Path) -> None:
        html = temporary.with_suffix(".html")
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", f"experiment={grid.name}"]
        made = subprocess.run([*command, "--report", str(html)], capture_output=True, text=True, check=False)
        if made.returncode:
            raise InputError(path, f"snakemake --report failed: {made.stderr.strip()[-300:]}", "run snakemake -n")
        html.replace(temporary)

    return files.write(path, make)


def _described(kind: str, thing: Any) -> dict[str, object]:
    if kind == "networks":
        layers = with_readout(thing.layers, thing.outputs)
        all_sizes = sizes(thing.input_shape, layers)
        totals = {
            field: sum(getattr(size, field) for size in all_sizes) for field in ("parameters", "macs", "macs_padded")
        }
        shape = "x".join(map(str, thing.input_shape))
        return {"layers": len(layers), "input": shape, "outputs": thing.outputs, **totals, "layout": thing.layout}
    if kind == "experiments":
        return {
            "dataset": thing.dataset,
            "network": thing.network,
            "steps": thing.steps,
            "methods": " ".join(thing.methods),
            "seeds": len(thing.seeds),
            "noise": " ".join(hardware.noise for hardware in thing.hardware),
        }
    if kind == "noise":
        levels = ",".join(f"{level:g}" for level in thing.levels)
        models = " + ".join(part.model for part in thing.models)
        return {"models": models, "levels": levels, "level": thing.level, "source": thing.source.strip()}
    shown = {
        "datasets": ("loader", "task", "input_shape", "classes"),
        "methods": ("rule", "training.epochs", "training.optimiser", "training.lr"),
        "energy": ("precision", "mac_pj", "ac_pj", "neuron_update_pj", "first_layer", "convention"),
    }[kind]
    document = thing.model_dump(mode="json")
    return {key.split(".")[-1]: _cell(document, key) for key in shown} | {"source": thing.source.strip()}


def _cell(document: Mapping[str, Any], key: str) -> object:
    value: Any = document
    for part in key.split("."):
        value = value[part]
    if isinstance(value, dict):
        return " ".join(f"{name}={_join(item)}" for name, item in value.items())
    return _join(value)


def _join(value: object) -> object:
    if not isinstance(value, list):
        return value
    return ("x" if all(isinstance(item, int) for item in value) else ",").join(map(str, value))


def _aligned(rows: Iterable[Mapping[str, object]]) -> str:
    """Columns side by side; numbers to the right, a long last column cut."""
    rows = list(rows)
    cells = [list(rows[0]), *([f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()] for row in rows)]
    widths = [min(max(len(row[i]) for row in cells), 60) for i in range(len(cells[0]))]
    right = [isinstance(value, int | float) for value in rows[0].values()]
    lines = []
    for row in cells:
        cut = [cell if len(cell) <= 60 else cell[:57] + "..." for cell in row]
        lines.append(
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cut, widths, right, strict=True)).rstrip()
        )
    return "\n".join(lines)


def _find(run: Path) -> Path:
    """A run by its folder or by enough of its digest."""
    if (run / "params.json").is_file():
        return run
    found = [path.parent for path in Path("results/runs").glob(f"*/*/*/T*/s*-{glob.escape(run.name)}*/params.json")]
    if len(found) != 1:
        what = "is no run" if not found else f"names {len(found)} runs"
        raise InputError(run, what, "give a folder below results/runs, or more of its digest")
    return found[0]


def _has(experiment: str, folder: Path) -> bool:
    try:
        return any(job.folder == folder for job in Grid(experiment).runs)
    except InputError:
        return False
