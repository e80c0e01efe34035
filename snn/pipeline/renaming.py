"""Adopt results after a refactor that changes no number: rename them to their new digests, and compute nothing.

A result is renamed to the digest that today's code gives it if all of this holds:

    it has the parameters of the job
    it was made from the same files as the job's parents have now, or had before they were adopted
    the commit that its provenance names made it: the code of that commit gives it its old digest
    the golden numbers of its method (tests/golden) at that commit are the same today, where others may have been added
    the code of that commit and the code of today both pass the test of their golden numbers

Prepared data are not renamed but prepared again; older ones count as the same if their tensors are equal.
`adopted_from` in provenance.json lists the earlier folders of a result, with the sha256 of the file that proved it.
"""

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from snn.core import files, stored
from snn.core.errors import InputError, remake
from snn.core.git import git
from snn.core.paths import DIGEST_LENGTH
from snn.pipeline import execute
from snn.pipeline import results as results_module
from snn.pipeline.job import Job
from snn.pipeline.jobs.prepare import Prepare
from snn.pipeline.plan import Plan
from snn.pipeline.release import results

DIGEST = re.compile(rf"\b[0-9a-f]{{{DIGEST_LENGTH}}}\b")
GOLDEN = Path("tests/golden/losses.json")
# Runs in the tree of an older commit, whose plan may be snn.pipeline.plan.Grid, or snn.grid.Grid in a flat package.
LIST_FOLDERS = """
try:
    from snn.config.params import names
    from snn.core.errors import InputError
    from snn.pipeline import plan
except ImportError:
    from snn import grid as plan
    from snn.errors import InputError
    from snn.params import names
Plan = plan.Plan if hasattr(plan, "Plan") else plan.Grid
for name in names("experiments"):
    try:
        print(*Plan(name).jobs, sep="\\n")
    except InputError:
        pass
"""


def adopt(experiment: str) -> None:
    """Rename the results of an experiment to the digests that today's code gives them.

    Raises InputError, and renames nothing, if the golden numbers differ from the commit or no result can be adopted.
    """
    plan = Plan(experiment)
    if git("status", "--porcelain", "--", str(GOLDEN.parent)) or not git("ls-files", "--", str(GOLDEN)):
        raise InputError(GOLDEN, "differs from the commit, so it proves nothing", "restore or commit it")
    due = [job for job in results(plan) if not job.proof.exists()]
    if not due:
        print("nothing is due")
        return
    found = {folder for job in due for folder in candidates(job)}
    adoptable = proven(found, [plan.experiment.teacher, *plan.experiment.methods])
    if not adoptable:
        raise InputError(f"experiment {experiment}", "has no result that can be adopted", "compute what is due")
    if not plan.data.proof.exists():
        execute.execute("prepare", experiment, plan.data.folder)
    for job in due:
        if folder := next((f for f in candidates(job) if f in adoptable and has_these_parents(job, f)), None):
            rename(job, folder)
            print(f"{folder} -> {job.folder}")
    print(f"{sum(job.proof.exists() for job in due)} of {len(due)} results that were due are here now")


def candidates(job: Job) -> Iterator[Path]:
    """The folders of finished results with the job's parameters, whose names differ from its own only by digests.

    Raises InputError naming a file of such a result that was altered.
    """
    if isinstance(job, Prepare):
        return
    wanted = json.loads(json.dumps({"stage": job.stage, **job.document}))
    for proof in sorted(Path().glob(DIGEST.sub("*", str(job.proof)))):
        found = files.read_json(proof.parent / "params.json", remake(proof.parent))
        if {key: value for key, value in found.items() if key != "digest"} == wanted:
            files.verify(proof.parent)
            yield proof.parent


def proven(folders: Collection[Path], methods: Collection[str]) -> set[Path]:
    """The results that were made by the code of a commit with today's golden numbers.

    Prints why others are left out. Raises InputError if today's code fails the test of its golden numbers.
    """
    origins: dict[str, dict[Path, str]] = {}
    for folder in folders:
        made = provenance(folder)
        first = made["adopted_from"][0]["folder"] if "adopted_from" in made else str(folder)
        origins.setdefault(made["commit"], {})[folder] = first
    good: set[Path] = set()
    if folders:
        _test_golden(Path(), "the code of today")
    for commit, names in origins.items():
        try:
            known = _folders_of(commit, methods)
        except InputError as error:
            print(f"not adopted: {len(names)} results of commit {commit[:12]}: {error}", file=sys.stderr)
            continue
        unknown = {folder for folder, name in names.items() if name not in known}
        for folder in sorted(unknown):
            print(f"not adopted: {folder}: was not made by the code of commit {commit[:12]}", file=sys.stderr)
        good |= set(names) - unknown
    return good


def has_these_parents(job: Job, folder: Path) -> bool:
    """Whether a result was made from the files that the job's parents have, or had before they were adopted."""
    recorded = provenance(folder)["parents"]
    return all(recorded.get(role) in known_bytes(parent) for role, parent in job.parents.items())


def known_bytes(job: Job) -> Collection[str]:
    """sha256 of the file that proves a job's result, now and under earlier names; empty if the job is due."""
    if not job.proof.exists():
        return ()
    if isinstance(job, Prepare):
        return _same_data(job)
    return [files.sha256(job.proof), *(earlier["sha256"] for earlier in provenance(job.folder).get("adopted_from", ()))]


def rename(job: Job, old: Path) -> None:
    """Move a result to the job's folder, with today's digests in its files; the old folder is removed last."""
    digests = dict(zip(DIGEST.findall(str(old)), DIGEST.findall(str(job.folder)), strict=True))
    made, names = provenance(old), [name for name in job.results if (old / name).exists()]
    earlier = {"folder": str(old), "sha256": files.sha256(old / job.proof.name)}
    parents = {role: files.sha256(parent.proof) for role, parent in job.parents.items()}
    partial = job.folder / ".adopt.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        files.write_json(partial / "params.json", {"stage": job.stage, "digest": job.digest, **job.document})
        adopted_from = [*made.get("adopted_from", ()), earlier]
        files.write_json(partial / "provenance.json", {**made, "parents": parents, "adopted_from": adopted_from})
        for name in names:
            _rewrite(old / name, partial / name, digests)
        results_module.put(job, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for name in (*reversed(names), "sha256.json", "provenance.json", "params.json"):
        files.remove(old / name)
    with suppress(OSError):  # folders that are not empty remain
        for folder in (old, *old.parents):
            folder.rmdir()


def provenance(folder: Path) -> Any:
    """The provenance that a result recorded; raises InputError naming a file that cannot be read."""
    return files.read_json(folder / "provenance.json", remake(folder))


def _rewrite(source: Path, target: Path, digests: Mapping[str, str]) -> None:
    """Copy a file of a result and replace the old digests in it."""
    if source.suffix == ".safetensors":
        arrays, metadata = stored.read_tensors(source, remake(source.parent))
        named = {"digest": digests[metadata["digest"]]} if "digest" in metadata else {}
        stored.write_tensors(target, arrays, {**metadata, **named})
        return
    rows = stored.read_csv(source, remake(source.parent))
    if rows and "digest" in rows[0]:
        stored.write_csv(target, [{**row, "digest": digests[row["digest"]]} for row in rows])
    else:
        files.write(target, source.read_bytes())


@cache
def _same_data(job: Prepare) -> frozenset[str]:
    """sha256 of the training file of every preparation of the same data whose tensors equal those of this one."""

    def contents(folder: Path) -> list[Any]:
        return [stored.read_tensors(folder / name, remake(folder)) for name in job.results]

    def same(ours: Any, theirs: Any) -> bool:
        (arrays, about), (other_arrays, other_about) = ours, theirs
        return (
            {**about, "digest": ""} == {**other_about, "digest": ""}
            and arrays.keys() == other_arrays.keys()
            and all(np.array_equal(arrays[key], other_arrays[key]) for key in arrays)
        )

    own, siblings = contents(job.folder), [proof.parent for proof in job.folder.parent.glob(f"*/{job.proof.name}")]
    equal = [folder for folder in siblings if all(map(same, own, contents(folder)))]
    return frozenset(files.sha256(folder / job.proof.name) for folder in equal)


def _folders_of(commit: str, methods: Collection[str]) -> set[str]:
    """The folders that the code of a commit plans, without the methods whose golden numbers differ today.

    Raises InputError if the commit is not here, or if its code fails the test of its golden numbers.
    """
    archive = subprocess.run(["git", "archive", commit], capture_output=True)
    if archive.returncode:
        raise InputError(commit, "is no commit of this repository", "fetch its history")
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(tree, filter="data")
        then = files.read_json(tree / GOLDEN, "compute what is due")
        now = files.read_json(GOLDEN, "restore it from git")
        changed = {m for m in methods if not then.get(m, {"": 0}).items() <= now.get(m, {}).items()}
        if changed:
            names = ", ".join(sorted(changed))
            print(f"not adopted: results of {names}: other golden numbers at commit {commit[:12]}", file=sys.stderr)
        _test_golden(tree, "its code")
        folders = _python(tree, "-c", LIST_FOLDERS).stdout.splitlines()
        return {folder for folder in folders if changed.isdisjoint(Path(folder).parts)}


def _test_golden(tree: Path, code: str) -> None:
    tests = _python(tree, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_golden.py")
    if tests.returncode:
        raise InputError("tests/test_golden.py", f"fails with {code}", "fix the code, or compute what is due")


def _python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=tree, capture_output=True, text=True)
