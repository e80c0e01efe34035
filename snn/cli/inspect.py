"""Read-only commands: plan, show, summary. No torch."""

import glob
import json
import os
import re
import shlex
from pathlib import Path

from snn.cli.due import counts, due_jobs
from snn.cli.listing import aligned
from snn.config import params
from snn.core import files
from snn.core.errors import InputError, make_result, remake, reproduce
from snn.core.lazy import lazy
from snn.pipeline import damage
from snn.pipeline.job import Job
from snn.pipeline.plan import Plan
from snn.report.sections import ABOUT

causes, execute, record = lazy("snn.cli.why"), lazy("snn.pipeline.execute"), lazy("snn.pipeline.record")

RUN = re.compile(r"(s\d+-)?(?P<digest>[0-9a-f]+)")  # the name of its folder, or the first digits of its digest


def plan(experiment: str, why: bool = False) -> int:
    """Print how many jobs of each stage are due, with `why` each with its cause; returns 1 if there are any, else 0."""
    planned = Plan(experiment)
    jobs = due_jobs(planned)
    due = counts(planned, jobs)
    if jobs and why:
        print(f"{causes.told(planned, jobs, os.cpu_count() or 1)}\n")
    if due:
        print(aligned([{"stage": stage, "jobs": number} for stage, number in due.items()]))
    print(f"{sum(due.values())} jobs are due; next: {reproduce(experiment)}" if due else "nothing to be done")
    return 1 if due else 0


def plan_all() -> int:
    """Print for every set of tables on record whether its runs or its report are stale, and which commits made them.

    Returns 0 if none is stale, else 1. Digests are compared, jobs are not.
    """
    rows, refusals = [], []
    for name in record.names():
        found = record.TablesOnRecord(name)
        row = {"experiment": name, "state": "not proven", "dirty rows": "", "commits": ""}
        try:
            found.prove()
            row |= {"state": "not planned", "dirty rows": str(found.dirty), "commits": " ".join(found.commits)}
            row["state"] = ", ".join(f"{part} stale" for part in found.stale) or "as today"
        except InputError as error:
            refusals.append(str(error))
        rows.append(row)
    if rows:
        print("\n".join([aligned(rows), *refusals]))
    old = sum(row["state"] != "as today" for row in rows)
    print(f"{old} of {len(rows)} sets of tables are not those of today's code, parameters and data")
    if reports := sum(row["state"] == "report stale" for row in rows):
        print(f"{reports} of them by the report alone, no number is; next: python -m snn report --experiment NAME")
    return 1 if old else 0


def show(run: Path) -> None:
    """Print parameters and provenance of a run, and the command that makes it again."""
    folder = _find(run)
    remedy = remake(folder, "give a folder below results/runs, or its digest")
    if (folder / "sha256.json").is_file():
        for name in ("params.json", "provenance.json"):
            files.recorded(folder / name)
    document = files.read_json(folder / "params.json", remedy)
    provenance = files.read_json(folder / "provenance.json", remedy)
    if not isinstance(provenance, dict) or "commit" not in provenance:
        raise InputError(folder / "provenance.json", "is no record of a run", remedy)
    experiments = [name for name in params.names("experiments") if _has(name, folder)]
    print(f"{folder}\n")
    print(json.dumps({"parameters": document, "provenance": provenance}, indent=2, sort_keys=True))
    if experiments:
        print(f"\nto make it again:\n  rm -r {shlex.quote(str(folder))}")
        print(f"  {make_result(experiments[0], folder / 'net.safetensors')}")
    else:
        commit = provenance["commit"]
        print(f"\nno experiment has this run today; it was made at commit {commit}:")
        print(f"  git worktree add ../{commit[:12]} {commit}")


def summary(experiment: str) -> None:
    """Print summary.md of an experiment and the path of its page; the page is made if it is missing or was altered.

    Every result is first compared with its recorded sha256. Prepared data may have been removed. Where no network was
    trained, tables and report alone are proven. Raises InputError naming the first file that differs or is missing;
    then the next run makes every such result again.
    """
    planned = Plan(experiment)
    table, again = planned.report.folder / "summary.md", reproduce(experiment)
    if not planned.report.stamp_file.exists() or not table.exists():
        raise InputError(table, "is missing or not up to date", f"run {again}")
    results = [job for job in planned.jobs.values() if job.proof.suffix != ".stamp"]
    trained = any(job.folder.exists() for job in results if job is not planned.data)
    for job in results if trained else ():
        if job is planned.data and not job.folder.exists():
            continue
        if not job.proof.exists():
            damage.ask_for_lost(planned.jobs.values())
            raise InputError(job.folder, "was not computed here", f"run {again}, or read {table} as it was released")
        _verify(job, planned, again)
    for job in (planned.collect, planned.report):
        job.verify()
    page = planned.page.html
    if not planned.page.stamp_file.exists() or planned.page in damage.unproven(planned):
        execute.page_from_tables(experiment)
    for shown in (planned.report.file("answer.md"), table):
        print(shown.read_text().split(f"\n## {ABOUT}\n")[0])
    print(f"tables: {planned.collect.folder}\nreport: {planned.report.folder}\npage:   {page}")
    if not trained:
        print(
            f"no network of it was trained here: these are the tables in git; {reproduce(experiment)} makes them again"
        )


def _verify(job: Job, planned: Plan, again: str) -> None:
    try:
        files.verify(job.folder)
    except InputError as error:
        if damaged := damage.set_aside(planned.jobs.values()):
            raise damage.explained(error, damaged, f"run {again}") from error
        raise


def _find(run: Path) -> Path:
    """A run by its folder or by the first digits of its digest; its folder as plans name it."""
    if (run / "params.json").is_file():
        return Path(os.path.relpath(run))
    found = [path.parent for path in Path("results/runs").glob(f"*/*/*/T*/s*-{glob.escape(run.name)}*/params.json")]
    if len(found) == 1:
        return found[0]
    if not found:
        _refuse_elsewhere(run)
    what = "is no run" if not found else f"names {len(found)} runs"
    raise InputError(run, what, "give a folder below results/runs, or more digits of its digest")


def _refuse_elsewhere(run: Path) -> None:
    """Raise InputError if tables on record have a run that is not here, by its folder or by digits of its digest.

    Sets whose runs are not stale are preferred, since today's code makes those.
    """
    if not (wanted := RUN.fullmatch(run.name)):
        return
    sets = [one for one in map(record.TablesOnRecord, record.names()) if one.has_run(wanted["digest"])]
    if not sets:
        return
    found = next((one for one in sets if not one.runs_are_stale), sets[0])
    again = f"{reproduce(found.name)}, or make fetch EXPERIMENT={shlex.quote(found.name)}"
    if found.runs_are_stale:
        again = f"code or parameters have changed since: go to commit {found.commits[0]}, then {again}"
    raise InputError(run, f"is on record in {found.name}, but not on this machine", again)


def _has(experiment: str, folder: Path) -> bool:
    try:
        return any(job.folder == folder for job in Plan(experiment).runs)
    except InputError:
        return False
