"""To look around: what is due, what there is, what a run is made of, how an experiment came out. No torch."""

import glob
import json
import shlex
import subprocess
import sys
from pathlib import Path

from snn.cli.listing import _aligned
from snn.config import params
from snn.core import files
from snn.core.errors import InputError, remake
from snn.pipeline import record, results
from snn.pipeline.plan import Plan


def plan(experiment: str) -> int:
    """Print how many jobs of each rule are due; returns 1 if there are any, else 0. The workflow itself is asked."""
    due = due_jobs(experiment)
    for rule, count in due.items():
        print(f"{rule:<10} {count}")
    command = f"make reproduce EXPERIMENT={shlex.quote(experiment)}"
    print(f"{sum(due.values())} jobs are due; next: {command}" if due else "nothing to be done")
    return 1 if due else 0


def plan_all() -> int:
    """Print for every set of tables on record whether its runs or its report are stale, and which commits made them.

    Returns 0 if none is stale, else 1. Digests tell; the workflow is not asked.
    """
    rows, refusals = [], []
    for name in record.names():
        found = record.OnRecord(name)
        row = {"experiment": name, "state": "not proven", "dirty rows": "", "commits": ""}
        try:
            found.prove()
            row |= {"state": "not planned", "dirty rows": str(found.dirty), "commits": " ".join(found.commits)}
            row["state"] = ", ".join(f"{part} stale" for part in found.stale) or "as today"
        except InputError as error:
            refusals.append(str(error))
        rows.append(row)
    if rows:
        print("\n".join([_aligned(rows), *refusals]))
    old = sum(row["state"] != "as today" for row in rows)
    print(f"{old} of {len(rows)} sets of tables are not those of today's code, parameters and data")
    return 1 if old else 0


def due_jobs(experiment: str) -> dict[str, int]:
    """Jobs that are due, by rule, as a dry run of the workflow counts them."""
    Plan(experiment).check()  # its refusals are plainer than those of a dry run
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
    planned = Plan(experiment)
    table, again = planned.report.folder / "summary.md", f"make reproduce EXPERIMENT={experiment}"
    if not planned.report.stamp_file.exists() or not table.exists():
        raise InputError(table, "is missing or not up to date", f"run {again}")
    for job in planned.jobs.values():
        removed = job is planned.data and not job.folder.exists()
        if job.proof.suffix != ".stamp" and not removed:
            if not job.proof.exists():
                raise InputError(
                    job.folder, "was not computed here", f"run {again}, or read {table} as it was released"
                )
            files.verify(job.folder)
    for job in (planned.collect, planned.report):
        results.verify_stamped(job)
    print(table.read_text())
    print(f"tables: {planned.collect.folder}\nreport: {planned.report.folder}\npage:   {page(planned)}")


def page(planned: Plan) -> Path:
    """The self-contained HTML page of an experiment, made by Snakemake unless it is newer than the report."""
    path = Path("results/report", f"{planned.name}.html")
    if path.exists() and path.stat().st_mtime >= planned.report.stamp_file.stat().st_mtime:
        return path

    def make(temporary: Path) -> None:
        html = temporary.with_suffix(".html")
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", f"experiment={planned.name}"]
        made = subprocess.run([*command, "--report", str(html)], capture_output=True, text=True, check=False)
        if made.returncode:
            raise InputError(path, f"snakemake --report failed: {made.stderr.strip()[-300:]}", "run snakemake -n")
        html.replace(temporary)

    return files.write(path, make)


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
        return any(job.folder == folder for job in Plan(experiment).runs)
    except InputError:
        return False
