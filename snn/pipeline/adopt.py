"""After a refactor that changes no number, results pass on to the new code instead of being computed anew.

A result is renamed to the digest that it has now when all of this holds:

    its parameters are those of the job, and it was made from the bytes that the job's parents have (had, if renamed)
    it was made by the code of the commit it names: that code, asked again, gives it its old digest
    the golden numbers of its method (tests/golden) at that commit are the same now, when there may be more of them, and
    either code yields its own

Prepared data are not renamed: they are prepared anew, and stand for older ones that hold the same tensors.
`adopted_from` in provenance.json says what a result was called before, and which bytes proved it.
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

from snn.core import files
from snn.core.errors import InputError, remake
from snn.core.git import git
from snn.core.paths import DIGEST_LENGTH
from snn.pipeline import execute
from snn.pipeline import results as results_module
from snn.pipeline.job import Job
from snn.pipeline.jobs import Prepare
from snn.pipeline.plan import Plan
from snn.pipeline.release import results

DIGEST = re.compile(rf"\b[0-9a-f]{{{DIGEST_LENGTH}}}\b")
GOLDEN = Path("tests/golden/losses.json")
LIST_FOLDERS = """
try:
    from snn.config.params import names
    from snn.core.errors import InputError
    from snn.pipeline.plan import Plan
except ImportError:  # the names of before the packages
    from snn.errors import InputError
    from snn.grid import Grid as Plan
    from snn.params import names
for name in names("experiments"):
    try:
        print(*Plan(name).jobs, sep="\\n")
    except InputError:
        pass
"""


def adopt(experiment: str) -> None:
    """Rename the results of an experiment to the digests that the code of today gives them.

    Raises InputError, with nothing renamed, when golden numbers are not those committed or nothing can be adopted.
    """
    plan = Plan(experiment)
    if git("status", "--porcelain", "--", str(GOLDEN.parent)) or not git("ls-files", "--", str(GOLDEN)):
        raise InputError(GOLDEN, "is not what is committed, so it proves nothing", "restore or commit it")
    due = [job for job in results(plan) if not job.proof.exists()]
    if not due:
        print("nothing is due")
        return
    found = {folder for job in due for folder in candidates(job)}
    good = proven(found, [plan.experiment.teacher, *plan.experiment.methods])
    if not good:
        raise InputError(f"experiment {experiment}", "has no result that can be adopted", "compute what is due")
    if not plan.data.proof.exists():
        execute.execute("prepare", experiment, plan.data.folder)
    for job in due:
        if folder := next((f for f in candidates(job) if f in good and has_these_parents(job, f)), None):
            rename(job, folder)
            print(f"{folder} -> {job.folder}")
    print(f"{sum(job.proof.exists() for job in due)} of {len(due)} results that were due are here now")


def candidates(job: Job) -> Iterator[Path]:
    """Finished results that lie where the job's would, but for digests, and have its parameters."""
    if isinstance(job, Prepare):
        return
    wanted = json.loads(json.dumps({"stage": job.stage, **job.document}))
    for proof in sorted(Path().glob(DIGEST.sub("*", str(job.proof)))):
        found = files.read_json(proof.parent / "params.json", remake(proof.parent))
        if {key: value for key, value in found.items() if key != "digest"} == wanted:
            files.verify(proof.parent)
            yield proof.parent


def proven(folders: Collection[Path], methods: Collection[str]) -> set[Path]:
    """Those of these results that were made by the code of a commit which has today's golden numbers.

    Says why others were not. Raises InputError when the code of today does not yield its golden numbers.
    """
    origins: dict[str, dict[Path, str]] = {}
    for folder in folders:
        made = provenance(folder)
        first = made["adopted_from"][0]["folder"] if "adopted_from" in made else str(folder)
        origins.setdefault(made["commit"], {})[folder] = first
    good = set()
    if folders:
        _yields_golden(Path(), "the code of today")
    for commit, names in origins.items():
        try:
            known = _folders_of(commit, methods)
        except InputError as error:
            print(f"not adopted: {len(names)} results of commit {commit[:12]}: {error}", file=sys.stderr)
            continue
        strange = {folder for folder, name in names.items() if name not in known}
        for folder in sorted(strange):
            print(f"not adopted: {folder}: was not made by the code of commit {commit[:12]}", file=sys.stderr)
        good |= set(names) - strange
    return good


def has_these_parents(job: Job, folder: Path) -> bool:
    """Whether a result was made from the bytes that the job's parents have, or had before they were adopted."""
    recorded = provenance(folder)["parents"]
    return all(recorded.get(role) in known_bytes(parent) for role, parent in job.parents.items())


def known_bytes(job: Job) -> Collection[str]:
    """sha256 of the file that proves a job's result, today's and that of the same result under earlier names."""
    if not job.proof.exists():
        return ()
    if isinstance(job, Prepare):
        return _same_data(job)
    return [files.sha256(job.proof), *(earlier["sha256"] for earlier in provenance(job.folder).get("adopted_from", ()))]


def rename(job: Job, old: Path) -> None:
    """Put a result where the job's belongs, with the digests of today in it; the old name goes last."""
    digests = dict(zip(DIGEST.findall(str(old)), DIGEST.findall(str(job.folder)), strict=True))
    made, names = provenance(old), [name for name in job.results if (old / name).exists()]
    earlier = {"folder": str(old), "sha256": files.sha256(old / job.proof.name)}
    parents = {role: files.sha256(parent.proof) for role, parent in job.parents.items()}
    aside = job.folder / ".adopt.partial"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        files.write_json(aside / "params.json", {"stage": job.stage, "digest": job.digest, **job.document})
        adopted_from = [*made.get("adopted_from", ()), earlier]
        files.write_json(aside / "provenance.json", {**made, "parents": parents, "adopted_from": adopted_from})
        for name in names:
            _rewrite(old / name, aside / name, digests)
        results_module.put(job, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for name in (*reversed(names), "sha256.json", "provenance.json", "params.json"):
        files.remove(old / name)
    with suppress(OSError):  # what still holds something stays
        for folder in (old, *old.parents):
            folder.rmdir()


def provenance(folder: Path) -> Any:
    """Who made a result."""
    return files.read_json(folder / "provenance.json", remake(folder))


def _rewrite(source: Path, target: Path, digests: Mapping[str, str]) -> None:
    """Copy a result, old digests replaced."""
    if source.suffix == ".safetensors":
        arrays, metadata = files.read_tensors(source, remake(source.parent))
        files.write_tensors(target, arrays, {**metadata, "digest": digests[metadata["digest"]]})
        return
    rows = files.read_csv(source, remake(source.parent))
    if rows and "digest" in rows[0]:
        files.write_csv(target, [{**row, "digest": digests[row["digest"]]} for row in rows])
    else:
        files.write(target, source.read_bytes())


@cache
def _same_data(job: Prepare) -> frozenset[str]:
    """sha256 of the training files of all prepared data sets that hold the tensors of this one."""

    def holdings(folder: Path) -> list[Any]:
        return [files.read_tensors(folder / name, remake(folder)) for name in job.results]

    def same(ours: Any, theirs: Any) -> bool:
        (arrays, about), (other_arrays, other_about) = ours, theirs
        return (
            {**about, "digest": ""} == {**other_about, "digest": ""}
            and arrays.keys() == other_arrays.keys()
            and all(np.array_equal(arrays[key], other_arrays[key]) for key in arrays)
        )

    mine, siblings = holdings(job.folder), [proof.parent for proof in job.folder.parent.glob(f"*/{job.proof.name}")]
    equal = [folder for folder in siblings if all(map(same, mine, holdings(folder)))]
    return frozenset(files.sha256(folder / job.proof.name) for folder in equal)


def _folders_of(commit: str, methods: Collection[str]) -> set[str]:
    """The folders that the code of a commit gives its jobs; raises InputError unless its golden numbers are today's."""
    archive = subprocess.run(["git", "archive", commit], capture_output=True)
    if archive.returncode:
        raise InputError(commit, "is no commit of this repository", "fetch its history")
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(tree, filter="data")
        then = files.read_json(tree / GOLDEN, "compute anew")
        now = files.read_json(GOLDEN, "restore it from git")
        moved = {m for m in methods if not then.get(m, {"": 0}).items() <= now.get(m, {}).items()}
        if moved:
            print(f"not adopted: results of {', '.join(sorted(moved))}: other golden numbers at commit {commit[:12]}")
        _yields_golden(tree, "its code")
        folders = _python(tree, "-c", LIST_FOLDERS).stdout.splitlines()
        return {folder for folder in folders if moved.isdisjoint(Path(folder).parts)}


def _yields_golden(tree: Path, whose: str) -> None:
    tests = _python(tree, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_golden.py")
    if tests.returncode:
        raise InputError("tests/test_golden.py", f"fails with {whose}", "see what it says; compute anew if it is right")


def _python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=tree, capture_output=True, text=True)
