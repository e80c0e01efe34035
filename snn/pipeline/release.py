"""Release the runs of committed tables with DVC, and fetch them into another clone.

`release` copies the runs to a temporary DVC repository and pushes them from there. The pointers to them
(data/prepared/{dataset}.dvc, results/runs/{dataset}.dvc) are written to the working tree only when the remote has every
byte. Other files among the runs are neither added nor touched.

`fetch` pulls what an experiment needs and overwrites nothing. It then makes the tables again: if they equal the
committed ones, these belong to the fetched runs.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError, remake, reproduce
from snn.core.git import git
from snn.pipeline.job import Job
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord

REMOTE = "spikeledger"  # name of the given remote, in a configuration that git does not track
CONFIG = """\
[core]
    no_scm = true
    analytics = false
    check_update = false
    remote = {remote}
[cache]
    dir = "{cache}"
"""
HINTS = ("Having any troubles?", "Is your cache up to date?", "<https://", "Use `--force`")  # of DVC, not the error


def release(experiment: str, remote: str) -> None:
    """Push the results of an experiment to a remote, a directory or URL, and print what to commit.

    Raises InputError, and changes no pointer, if a job is due, a file differs from its record, a result was made by
    code that was not committed, the tables were not made from these runs, or a file did not reach the remote.
    """
    plan = Plan(experiment)
    jobs = results(plan)
    refuse_due([*jobs, plan.collect, plan.report], reproduce(experiment))
    for job in jobs:
        files.verify(job.folder)
    tables = TablesOnRecord(experiment)
    tables.prove()
    tables.refuse_dirty()
    pointers = pointers_of(plan)
    with _scratch_repository() as scratch:
        _check_tables(plan, scratch)
        for path in (file for job in jobs for file in contents(job)):
            files.make_folder((scratch / path).parent)
            shutil.copyfile(path, scratch / path)
        connect(scratch, remote)
        _add(plan, jobs, scratch)
        dvc("push", cwd=scratch)
        # push exits with 0 even if files are missing, once the list of their folder has arrived
        state = json.loads(dvc("data", "status", "--granular", "--not-in-remote", "--json", cwd=scratch))
        if lost := state.get("not_in_remote"):
            what = f"is not in {remote} after the push{_more(lost)}"
            raise InputError(max(lost), what, "name the remote of the last release, or an empty one")
        for pointer in pointers:
            files.write(pointer, (scratch / pointer).read_bytes())
    print(f"{sum(len(contents(job)) for job in jobs)} files of {len(jobs)} jobs are in {remote}. Now:")
    print(f"  git add {' '.join(map(str, (*pointers, plan.collect.folder, plan.report.folder)))}")
    print(f"  git commit -m 'Release {experiment}'")


def fetch(experiment: str, remote: str) -> None:
    """Pull the released results of an experiment, verify them, and check that its committed tables belong to them.

    Raises InputError if the experiment was never released, a job would still be due, a file differs from its record,
    here or in the remote, or tables made from these results differ from the committed ones.
    """
    if not remote:
        raise InputError("REMOTE", "is not given", f"make fetch EXPERIMENT={experiment} REMOTE=directory or URL")
    plan = Plan(experiment)
    jobs = results(plan)
    compute = reproduce(experiment)
    for path in (*pointers_of(plan), plan.collect.file("costs.csv")):
        if not git("ls-files", "--", str(path)):
            raise InputError(path, f"is not in git: experiment {experiment} was never released", compute)
    kept = [str(job.folder) for job in (plan.collect, plan.report)]
    if git("status", "--porcelain", "--", *kept):
        raise InputError(plan.collect.folder, "differs from the commit", "commit or restore it, then fetch")
    for job in jobs:
        if (job.folder / "sha256.json").exists():
            files.verify(job.folder)
    connect(Path(), remote, "--local")
    released = {path for pointer in pointers_of(plan) for path in tracked(pointer)}
    refuse_due([job for job in jobs if job.proof not in released], f"{compute}, or go to the commit of its release")
    folders = {job.folder for job in jobs}
    _pull(wanted := sorted(path for path in released if path.parent in folders))
    for job in jobs:
        files.verify(job.folder)
    refuse_due(jobs, compute)
    _make_tables(experiment)
    if changed := git("status", "--porcelain", "--", *kept):
        what = f"is not what these runs make of it{_more(changed.splitlines())}"
        raise InputError(changed.split()[1], what, f"see git diff {plan.collect.folder}")
    print(f"{len(wanted)} released files are here, and the committed tables belong to them: {plan.collect.folder}")


def results(plan: Plan) -> list[Job]:
    """The jobs whose files are released: all except tables and report, which are in git."""
    tried = dict.fromkeys(run for tuning in plan.tunings for run in tuning.trained)
    starts = dict.fromkeys(run.start for run in plan.runs if run.start)
    return [plan.data, *tried, *plan.tunings, *starts, *plan.runs, *plan.calibrations, *plan.evaluations]


def contents(job: Job) -> list[Path]:
    """The files of a finished job, from its record of sums; raises InputError if that cannot be read."""
    record = job.folder / "sha256.json"
    recorded = files.read_json(record, remake(job.folder))
    return [record, *(job.folder / name for name in sorted(recorded))]


def pointers_of(plan: Plan) -> list[Path]:
    """The .dvc files of a data set, which git tracks in place of its released files."""
    return [Path(folder, f"{plan.data.name}.dvc") for folder in ("data/prepared", "results/runs")]


def refuse_due(jobs: Iterable[Job], remedy: str) -> None:
    """Raise InputError naming the first of the jobs that are due, and how many there are."""
    if due := [job for job in jobs if not job.proof.exists()]:
        raise InputError(due[0].folder, f"is due{_more(due)}", remedy)


def connect(folder: Path, remote: str, *scope: str) -> None:
    """Make a directory or URL the remote of a DVC repository; every file that comes from it is verified."""
    url = remote if "://" in remote else str(Path(remote).expanduser().absolute())
    dvc("config", *scope, f"remote.{REMOTE}.url", url, cwd=folder)
    dvc("config", *scope, f"remote.{REMOTE}.verify", "true", cwd=folder)


def tracked(pointer: Path, cwd: Path = Path()) -> list[Path]:
    """The files that a pointer names; raises InputError if neither cache nor remote has their list."""
    folder = pointer.with_suffix("")
    command = ("list", "--recursive", "--dvc-only", "--remote", REMOTE, ".", str(folder))
    listing = dvc(*command, cwd=cwd, where=pointer, do="name the remote that it was released to")
    return [folder / line for line in listing.splitlines()]


def dvc(*arguments: str, cwd: Path = Path(), where: object = None, do: str = "fix that and try again") -> str:
    """Output of a DVC command, which may neither prompt nor send statistics.

    Raises InputError with DVC's message if it fails; `where` and `do` are those of the error.
    """
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    if (site := cwd / ".dvc/site").is_dir():
        environment["DVC_SITE_CACHE_DIR"] = str(site.absolute())
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.rpartition("ERROR: ")[2].splitlines()
        message = " ".join(line for line in lines if not line.startswith(HINTS)).strip()
        raise InputError(where or f"dvc {arguments[0]}", message or "failed", do)
    return done.stdout


@contextmanager
def _scratch_repository() -> Iterator[Path]:
    """A temporary DVC repository that uses the cache of this one."""
    cache = dvc("cache", "dir").strip()
    home = Path(".dvc/tmp")
    files.make_folder(home)
    with tempfile.TemporaryDirectory(prefix="release.", dir=home) as name:
        scratch = Path(name).absolute()
        files.make_folder(scratch / ".dvc/site")
        files.write(scratch / ".dvc/config", CONFIG.format(remote=REMOTE, cache=cache))
        yield scratch


def _check_tables(plan: Plan, scratch: Path) -> None:
    """Make tables and report again in a temporary folder; raises InputError naming a file that differs from them."""
    plan.collect.write(scratch / "collect")
    plan.report.write(scratch / "report")
    for job in (plan.collect, plan.report):
        for name in job.results:
            if files.sha256(scratch / job.stage / name) != files.sha256(job.folder / name):
                raise InputError(job.folder / name, "is not what these runs make of it", remake(job.folder))


def _add(plan: Plan, jobs: Sequence[Job], scratch: Path) -> None:
    """Add the copied results to the tracked ones, and remove runs that no table names any more."""
    targets: dict[Path, list[Path]] = {}
    for pointer in pointers_of(plan):
        targets[pointer] = [pointer.with_suffix("")]
        if pointer.exists():
            files.write(scratch / pointer, pointer.read_bytes())
            own = [job for job in jobs if job.folder.is_relative_to(pointer.with_suffix(""))]
            # a run may contain chips and rows of other experiments, so its own files are added one by one
            parts = [part for job in own for part in (contents(job) if isinstance(job, Train) else [job.folder])]
            targets[pointer] = [*_superseded(plan, jobs, pointer, scratch), *parts]
    dvc("add", *(str(path) for paths in targets.values() for path in paths), cwd=scratch)


def _superseded(plan: Plan, jobs: Sequence[Job], pointer: Path, scratch: Path) -> list[Path]:
    """Tracked files of runs that the tables of no experiment name; prepared data are always kept."""
    before = tracked(pointer, scratch)
    named = {job.folder for job in jobs} | _named_by_others(plan.name)
    superseded = [path for path in before if path.parent not in named and path.is_relative_to("results")]
    if superseded:
        folders = len({path.parent for path in superseded})
        print(f"{pointer}: {folders} folders that no table names any more are tracked only by earlier commits")
    return superseded


def _named_by_others(experiment: str) -> set[Path]:
    """Folders of results that tables of other experiments name, in the last commit or in the working tree."""
    here = {str(path): path.read_text() for path in Path("results/tables").glob("*/costs.csv")}
    names = git("ls-tree", "-r", "--name-only", "HEAD", "results/tables").splitlines()
    committed = {f"HEAD:{name}": git("show", f"HEAD:{name}") for name in names if name.endswith("/costs.csv")}
    pages = [page for name, page in (here | committed).items() if Path(name).parent.name != experiment]
    return {Path(row["path"]) for page in pages for row in csv.DictReader(io.StringIO(page))}


def _pull(paths: Sequence[Path]) -> None:
    """Pull only these files; raises InputError naming one that would be overwritten or is damaged in the remote."""
    if not paths:
        return  # without names, DVC would pull everything
    try:
        dvc("pull", "--remote", REMOTE, *map(str, paths), do="name another remote, or have it released again")
    except InputError as error:
        words = str(error).split()
        if own := next((path for path in paths if str(path.absolute()) in words), None):
            what = "was made here and would be overwritten, so nothing was fetched"
            worktree = f"git worktree add ../{Path().absolute().name}-fetched HEAD, and fetch there"
            raise InputError(own.parent, what, worktree) from error
        absent = json.loads(dvc("data", "status", "--granular", "--json")).get("not_in_cache", [])
        if lost := [path for path in paths if str(path) in absent]:
            what = f"is missing or damaged in the remote{_more(lost)}"
            raise InputError(lost[0], what, "name another remote, or have it released again") from error
        raise


def _make_tables(experiment: str) -> None:
    """Make tables and report again from the runs in this checkout."""
    workflow = ["snakemake", "-c1", "--quiet", "rules", "--forcerun", "collect", "--config", f"experiment={experiment}"]
    if subprocess.run([sys.executable, "-m", *workflow]).returncode:
        raise InputError(f"results/tables/{experiment}", "could not be made", "see the message above")


def _more(named: Sequence[object]) -> str:
    """How many others there are besides the one that is named."""
    return f" (and {len(named) - 1} more)" if len(named) > 1 else ""
