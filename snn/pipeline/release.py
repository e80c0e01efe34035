"""Released results: DVC keeps the bytes of the runs that committed tables name; anyone can fetch and prove them.

`release` adds runs in a folder aside and pushes them from there. Only when a remote holds everything do the pointers
(data/prepared/{dataset}.dvc, results/runs/{dataset}.dvc) come into the working tree, so that none can name bytes which
never arrived, and whatever else lies among the runs is neither added nor touched. Remotes verify every byte they give.

`fetch` pulls what an experiment needs, overwrites nothing, and makes its tables again: if they equal those committed,
they belong to these bytes.
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
from snn.core.errors import InputError, remake
from snn.core.git import git
from snn.pipeline import execute
from snn.pipeline.job import Job
from snn.pipeline.jobs import Train
from snn.pipeline.plan import Plan
from snn.pipeline.record import OnRecord

REMOTE = "spikeledger"  # what the remote of the moment is called, in a configuration that git does not see
ASIDE = """\
[core]
    no_scm = true
    analytics = false
    check_update = false
    remote = {remote}
[cache]
    dir = "{cache}"
"""
NOISE = ("Having any troubles?", "Is your cache up to date?", "<https://", "Use `--force`")


def release(experiment: str, remote: str) -> None:
    """Track and push the results of an experiment, and say what to commit.

    Raises InputError, and leaves no pointer changed, when a job is due, a file is not what was recorded, a result was
    made by code that was not committed, the tables were not made from these runs, or a byte did not reach the remote.
    """
    plan = Plan(experiment)
    jobs = results(plan)
    refuse_due([*jobs, plan.collect, plan.report], f"make reproduce EXPERIMENT={experiment}")
    for job in jobs:
        files.verify(job.folder)
    on_record = OnRecord(experiment)
    on_record.prove()
    on_record.refuse_dirty()
    pointers = pointers_of(plan)
    with _aside() as aside:
        _check_tables(plan, aside)
        for path in (file for job in jobs for file in contents(job)):
            files.make_folder((aside / path).parent)
            shutil.copyfile(path, aside / path)
        connect(aside, remote)
        _add(plan, jobs, aside)
        dvc("push", cwd=aside)
        # push takes a folder for complete once its list has arrived, and exits with 0 where bytes are missing
        state = json.loads(dvc("data", "status", "--granular", "--not-in-remote", "--json", cwd=aside))
        if lost := state.get("not_in_remote"):
            what = f"is not in {remote} after the push{_more(lost)}"
            raise InputError(max(lost), what, "name the remote of the last release, or an empty one")
        for pointer in pointers:
            files.write(pointer, (aside / pointer).read_bytes())
    print(f"{sum(len(contents(job)) for job in jobs)} files of {len(jobs)} jobs are in {remote}. Now:")
    print(f"  git add {' '.join(map(str, (*pointers, plan.collect.folder, plan.report.folder)))}")
    print(f"  git commit -m 'Release {experiment}'")


def fetch(experiment: str, remote: str) -> None:
    """Pull the released results of an experiment, verify them, and prove that its committed tables belong to them.

    Raises InputError when there are no such tables, something would still have to be computed, a byte is not what was
    recorded, here or in the remote, or tables made from these bytes are others than those committed.
    """
    if not remote:
        raise InputError("REMOTE", "is not given", f"make fetch EXPERIMENT={experiment} REMOTE=directory or URL")
    plan = Plan(experiment)
    jobs = results(plan)
    compute = f"make reproduce EXPERIMENT={experiment}"
    for path in (*pointers_of(plan), plan.collect.file("costs.csv")):
        if not git("ls-files", "--", str(path)):
            raise InputError(path, f"is not in git: experiment {experiment} was never released", compute)
    kept = [str(job.folder) for job in (plan.collect, plan.report)]
    if git("status", "--porcelain", "--", *kept):
        raise InputError(plan.collect.folder, "differs from what is committed", "commit or restore it, then fetch")
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
    """The jobs whose bytes are released: all but tables and report, which git holds."""
    return [plan.data, *plan.runs, *plan.calibrations, *plan.evaluations]


def contents(job: Job) -> list[Path]:
    """The files of a finished job, as it recorded them."""
    record = job.folder / "sha256.json"
    recorded = files.read_json(record, remake(job.folder))
    return [record, *(job.folder / name for name in sorted(recorded))]


def pointers_of(plan: Plan) -> list[Path]:
    """The files by which git knows the released bytes of a data set."""
    return [Path(folder, f"{plan.data.name}.dvc") for folder in ("data/prepared", "results/runs")]


def refuse_due(jobs: Iterable[Job], remedy: str) -> None:
    """Raise InputError, having listed them, when jobs are not done."""
    due = [job for job in jobs if not job.proof.exists()]
    for job in due:
        print(f"due: {job.stage} {job.folder}", file=sys.stderr)
    if due:
        raise InputError(due[0].folder, f"is due{_more(due)}", remedy)


def connect(folder: Path, remote: str, *scope: str) -> None:
    """Make a directory or URL the verified remote of a DVC repository."""
    url = remote if "://" in remote else str(Path(remote).expanduser().absolute())
    dvc("config", *scope, f"remote.{REMOTE}.url", url, cwd=folder)
    dvc("config", *scope, f"remote.{REMOTE}.verify", "true", cwd=folder)


def tracked(pointer: Path, cwd: Path = Path()) -> list[Path]:
    """The files that a pointer names; raises InputError when neither cache nor remote has the list."""
    folder = pointer.with_suffix("")
    command = ("list", "--recursive", "--dvc-only", "--remote", REMOTE, ".", str(folder))
    listing = dvc(*command, cwd=cwd, where=pointer, do="name the remote that it was released to")
    return [folder / line for line in listing.splitlines()]


def dvc(*arguments: str, cwd: Path = Path(), where: object = None, do: str = "mend that and run it again") -> str:
    """Output of a DVC command that asks nobody and calls nobody; raises InputError with what it said."""
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    if (site := cwd / ".dvc/site").is_dir():
        environment["DVC_SITE_CACHE_DIR"] = str(site.absolute())
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.rpartition("ERROR: ")[2].splitlines()
        words = " ".join(line for line in said if not line.startswith(NOISE)).strip()
        raise InputError(where or f"dvc {arguments[0]}", words or "failed", do)
    return done.stdout


@contextmanager
def _aside() -> Iterator[Path]:
    """A DVC repository of its own, thrown away at the end; it shares the cache of this one."""
    cache = dvc("cache", "dir").strip()
    home = Path(".dvc/tmp")
    files.make_folder(home)
    with tempfile.TemporaryDirectory(prefix="release.", dir=home) as name:
        aside = Path(name).absolute()
        files.make_folder(aside / ".dvc/site")
        files.write(aside / ".dvc/config", ASIDE.format(remote=REMOTE, cache=cache))
        yield aside


def _check_tables(plan: Plan, aside: Path) -> None:
    """Make tables and report again in a folder aside; raises InputError where those in place are others."""
    execute.write_tables(plan.collect, aside / "collect")
    execute.write_report(plan.report, aside / "report")
    for job in (plan.collect, plan.report):
        for name in job.results:
            if files.sha256(aside / job.stage / name) != files.sha256(job.folder / name):
                raise InputError(job.folder / name, "is not what these runs make of it", remake(job.folder))


def _add(plan: Plan, jobs: Sequence[Job], aside: Path) -> None:
    """Add copied results to what is tracked already, and let go of runs that no table names any more."""
    targets: dict[Path, list[Path]] = {}
    for pointer in pointers_of(plan):
        targets[pointer] = [pointer.with_suffix("")]
        if pointer.exists():
            files.write(aside / pointer, pointer.read_bytes())
            own = [job for job in jobs if job.folder.is_relative_to(pointer.with_suffix(""))]
            # chips and rows that belong to other experiments may lie below a run, but not below chips or rows
            parts = [part for job in own for part in (contents(job) if isinstance(job, Train) else [job.folder])]
            targets[pointer] = [*_superseded(plan, jobs, pointer, aside), *parts]
    dvc("add", *(str(path) for paths in targets.values() for path in paths), cwd=aside)


def _superseded(plan: Plan, jobs: Sequence[Job], pointer: Path, aside: Path) -> list[Path]:
    """Tracked files of runs that neither this experiment's nor any other's tables name; prepared data always stay."""
    before = tracked(pointer, aside)
    named = {job.folder for job in jobs} | _named_by_others(plan.name)
    gone = [path for path in before if path.parent not in named and path.is_relative_to("results")]
    if gone:
        folders = len({path.parent for path in gone})
        print(f"{pointer}: {folders} folders that no table names any more are left to earlier commits")
    return gone


def _named_by_others(experiment: str) -> set[Path]:
    """Folders of results that tables of other experiments name, committed or lying here."""
    here = {str(path): path.read_text() for path in Path("results/tables").glob("*/costs.csv")}
    names = git("ls-tree", "-r", "--name-only", "HEAD", "results/tables").splitlines()
    committed = {f"HEAD:{name}": git("show", f"HEAD:{name}") for name in names if name.endswith("/costs.csv")}
    pages = [page for name, page in (here | committed).items() if Path(name).parent.name != experiment]
    return {Path(row["path"]) for page in pages for row in csv.DictReader(io.StringIO(page))}


def _pull(paths: Sequence[Path]) -> None:
    """Pull these files and no others; raises InputError naming the one that is in the way or damaged in the remote."""
    if not paths:
        return  # DVC would pull everything
    try:
        dvc("pull", "--remote", REMOTE, *map(str, paths), do="name another remote, or have it released again")
    except InputError as error:
        words = str(error).split()
        if own := next((path for path in paths if str(path.absolute()) in words), None):
            what = "was made here and is recorded nowhere; it would be lost, so nothing was fetched"
            worktree = f"git worktree add ../{Path().absolute().name}-fetched HEAD, and fetch there"
            raise InputError(own.parent, what, worktree) from error
        absent = json.loads(dvc("data", "status", "--granular", "--json")).get("not_in_cache", [])
        if lost := [path for path in paths if str(path) in absent]:
            what = f"cannot be had from the remote: it is missing or damaged there{_more(lost)}"
            raise InputError(lost[0], what, "name another remote, or have it released again") from error
        raise


def _make_tables(experiment: str) -> None:
    """Tables and report, made again from the runs that lie here."""
    workflow = ["snakemake", "-c1", "--quiet", "rules", "--forcerun", "collect", "--config", f"experiment={experiment}"]
    if subprocess.run([sys.executable, "-m", *workflow]).returncode:
        raise InputError(f"results/tables/{experiment}", "could not be made", "see the message above")


def _more(named: Sequence[object]) -> str:
    """How many there are besides the one that is named."""
    return f" (and {len(named) - 1} more)" if len(named) > 1 else ""
