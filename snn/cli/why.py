"""Why a job is due: what differs from the result that was made before, here or on record. No torch.

A result that was made before is one whose folder has the same name but for digests. Its parameters and the commit of
its code are beside it. One on record counts if its experiment, planned today, has this very job: then code or parameter
files have changed since. Else it is a run of other parameters, and this one is new. The causes are looked for in this
order; the first one is told:

    parameter   a key of params.json has another value; of a result on record, a parameter file has changed
    code        a module that the digest contains does something else than at that commit
    new         there was no such seed, method or network before, or with other parameters only
    parent      a result that the job reads is due
    new         there was no such noise, or nothing of the kind
"""

import ast
import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tabulate import tabulate

from snn.cli import parent
from snn.cli.due import REMADE
from snn.cli.estimate import COLD, HEAD, WARM, Costs, clock, recorded
from snn.cli.outcome import label
from snn.config import documents
from snn.core.errors import InputError
from snn.core.files import PROGRESS
from snn.core.git import git
from snn.core.paths import ROOT
from snn.pipeline import digest
from snn.pipeline.job import Job, place
from snn.pipeline.jobs.calibrate import Calibrate
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import AGAIN, Plan

MOST = 3  # causes of a kind that are named
CODE = "code, or a file that it reads"
NOUNS = {"prepare": "preparation", "train": "run", "tune": "tuning", "calibrate": "calibration", "evaluate": "test"}


def told(plan: Plan, due: Sequence[Job], cores: int) -> str:
    """A table of the jobs that are due, each with its cause and its expected time, and the time of all on `cores`."""
    warm = parent.forks(plan, [job.stage for job in due])
    costs, causes = Costs(WARM if warm else COLD), Causes(plan, due)
    seconds = [costs.seconds(job) for job in due]
    rows = [
        {"job": label(job), "time": "?" if time is None else clock(time), "why": causes.of(job)}
        for job, time in zip(due, seconds, strict=True)
    ]
    table = tabulate(rows, headers="keys", tablefmt="plain", colalign=("left", "right", "left"), disable_numparse=True)
    unknown = seconds.count(None)
    lines = [
        f"{'at least' if unknown else 'about'} {clock(costs.whole(due, cores))} on {cores} idle cores",
        f"  {clock(HEAD)} is the workflow itself; jobs have their start in them, {WARM if warm else COLD:g} s each",
        "  runs, chips and tests as on record; prepare, collect, report and page as for small data; no downloads",
    ]
    missing = f"  not counted: {unknown} jobs marked ?, since no job of such a network and data set is on record"
    return "\n".join([table, *lines, *([missing] if unknown else [])])


class Causes:
    """The causes of the jobs of a plan that are due."""

    def __init__(self, plan: Plan, due: Iterable[Job]):
        self._plan, self._due = plan, set(due)
        self._recorded = recorded(plan.name)
        self._plans: dict[str, defaultdict[str, list[Job]]] = {}

    def of(self, job: Job) -> str:
        """The cause of a job, in a few words."""
        if job.stage in REMADE:
            return self._parent(job) or "code or texts of this stage have changed, or its files"
        if (job.folder / AGAIN).exists():
            return "was damaged, and is made again"
        if any((job.folder / name).exists() for name in PROGRESS):
            return "was interrupted, and resumes"
        if str(job.folder) in self._recorded:
            return "is on record, but not here"
        if before := self._before(job):
            return self._changed_here(job, before) or self._parent(job) or CODE
        made = {one.experiment: one.commit for path, one in self._recorded.items() if place(Path(path)) == job.place}
        alike = {name: found for name in made if (found := self._planned(name).get(job.place))}
        for name, commit in made.items():  # an experiment that is gone tells its commit alone
            if name not in alike or any(one.digest == job.digest for one in alike[name]):
                return self._changed_on_record(job, commit) or self._parent(job) or CODE
        if not made:
            return self._new(job) if isinstance(job, Train) else self._parent(job) or self._new(job)
        known = (_other(job, jobs[0], name) for name, jobs in alike.items())
        return next(filter(None, known), "") or self._parent(job) or f"new: no {NOUNS[job.stage]} yet of such inputs"

    def _planned(self, name: str) -> dict[str, list[Job]]:
        """The jobs of an experiment as it is planned today, by place; none if it is gone."""
        if name not in self._plans:
            self._plans[name] = defaultdict(list)
            with suppress(InputError):
                plan = self._plan if name == self._plan.name else Plan(name)
                for job in plan.jobs.values():
                    self._plans[name][job.place].append(job)
        return self._plans[name]

    def _before(self, job: Job) -> Path | None:
        """The newest result here whose name differs by digests alone; one with the same parameters comes first."""
        found = [path.parent for path in Path().glob(f"{job.place}/params.json") if path.parent != job.folder]
        wanted = _document(job)

        def order(folder: Path) -> tuple[bool, float]:
            return _stated(folder) == wanted, (folder / "params.json").stat().st_mtime

        return max(found, key=order, default=None)

    def _changed_here(self, job: Job, before: Path) -> str:
        made = _read(before / "provenance.json")
        return _parameters(_stated(before), _document(job)) or _listed("code:", _edited(job, str(made.get("commit"))))

    def _changed_on_record(self, job: Job, commit: str) -> str:
        files = sorted(_files(self._plan, job) & _differing(commit))
        return _listed("parameter:", files) or _listed("code:", _edited(job, commit))

    def _parent(self, job: Job) -> str:
        due = [parent for parent in job.parents.values() if parent in self._due]
        more = f" and {len(due) - 1} more" if due[1:] else ""
        return f"parent: {label(due[0])}{more}" if due else ""

    def _new(self, job: Job) -> str:
        if isinstance(job, Calibrate):
            return f"new: noise {job.hardware.noise}"
        if not isinstance(job, Train):
            return f"new: no {NOUNS[job.stage]} yet"
        known = {Path(path).parent.as_posix() for path in self._recorded}
        known |= {path.parent.as_posix() for path in Path().glob("results/runs/*/*/*/T*/s*")}
        folder = Path(job.place).parent
        if folder.as_posix() in known:
            return f"new: seed {job.seed}"
        network = folder.parent.parent.as_posix()
        beside = any(path.startswith(f"{network}/") for path in known)
        return (
            f"new: method {job.method_name}, T {job.steps}" if beside else f"new: {job.network_name} on {job.data.name}"
        )


def _other(job: Job, made: Job, experiment: str) -> str:
    """The keys in which a job differs from the one of another experiment; empty if only parents differ."""
    before, after = dict(_leaves(_document(made))), dict(_leaves(_document(job)))
    keys = [key for key in {**after, **before} if before.get(key) != after.get(key)]
    differing = [f"{key} {after.get(key, '-')} ({before.get(key, '-')} in {experiment})" for key in keys]
    return _listed(f"new: no {NOUNS[job.stage]} yet with", differing)


def _document(job: Job) -> dict[str, Any]:
    """The parameters of a job as params.json states them, without the digest."""
    document: dict[str, Any] = json.loads(json.dumps({"stage": job.stage, **job.document}))
    return document


def _stated(folder: Path) -> dict[str, Any]:
    return {key: value for key, value in _read(folder / "params.json").items() if key != "digest"}


def _parameters(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The keys whose values differ, as `key old -> new`."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return _listed("parameter:", [f"{key} {before.get(key, '-')} -> {after.get(key, '-')}" for key in keys])


def _leaves(document: object, above: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from _leaves(value, f"{above}.{key}" if above else str(key))
    else:
        yield above, document


def _edited(job: Job, commit: str) -> list[str]:
    """The files of a job's code that do something else than at a commit."""
    files = {digest.module_file(name): name for name in digest.reached(job.modules)}
    files |= {path.with_suffix(".c"): "" for path in list(files) if path.with_suffix(".c").is_file()}
    differing = _differing(commit)
    names = {path.relative_to(ROOT).as_posix(): (path, module) for path, module in files.items()}
    return sorted(name for name, found in names.items() if name in differing and not _same(commit, name, *found))


def _same(commit: str, name: str, path: Path, module: str) -> bool:
    """Whether a file does what it did at a commit; C is compared as text."""
    try:
        old, new = git("show", f"{commit}:{name}"), path.read_text()
        if not module:
            return old == new
        return digest.canonical(ast.parse(old), str, module) == digest.canonical(ast.parse(new), str, module)
    except (InputError, SyntaxError):  # git has no such file, or an older Python wrote it
        return False


@functools.cache
def _differing(commit: str) -> frozenset[str]:
    """The files of code and parameters that differ from a commit; none if git does not know it."""
    try:
        return frozenset(git("diff", "--name-only", commit, "--", "snn", "params").splitlines())
    except InputError:
        return frozenset()


def _files(plan: Plan, job: Job) -> set[str]:
    """The parameter files that a job of a plan is made of."""
    run = getattr(job, "run", job)
    named = [("experiments", plan.name), ("datasets", plan.experiment.dataset)]
    if isinstance(run, Train):
        named += [("networks", run.network_name), ("methods", run.method_name)]
    if isinstance(job, Calibrate):
        named.append(("noise", job.hardware.noise))
    found = set()
    for kind, name in named if not isinstance(job, Prepare) else named[1:]:
        above: str | None = name
        while above:
            found.add(documents.path_of(kind, above).relative_to(ROOT).as_posix())
            above = documents.base_of(kind, above)
    return found


def _listed(kind: str, things: Sequence[str]) -> str:
    more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
    return f"{kind} {', '.join(things[:MOST])}{more}" if things else ""


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty if it cannot be read, since a cause needs no proof."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
