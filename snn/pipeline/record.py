"""Tables on record: the committed tables of each experiment, the stamps that prove them, the code that made them.

Every experiment has two folders in git: results/tables/NAME, collected from runs, and results/report/NAME, made from
those tables. The stamp in a folder is named by the digest and holds the sha256 of every file. Runs are stale if today's
code, parameters and data give the collected tables another digest. A report is stale if today's code and parameters
make another one from the same tables; it is made again in seconds, without runs. No torch.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from snn.core import files, stored
from snn.core.errors import InputError, remake, reproduce
from snn.core.git import git
from snn.core.lazy import lazy
from snn.pipeline import index, results
from snn.pipeline.plan import Plan

consistent = lazy("snn.pipeline.consistent")

TABLES, REPORT = Path("results/tables"), Path("results/report")
OWN = "restore it from git, or move it elsewhere"  # the remedy for a folder that no experiment makes
UNKNOWN = "unknown"  # the commit of a result that was made without git, which is dirty
SHORT = 7  # digits of a commit's hash that are shown


def names() -> list[str]:
    """Experiments whose tables git tracks or would add; those that git ignores are left out.

    Raises InputError outside of a git repository.
    """
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "--", f"{TABLES}/").splitlines()
    return sorted({Path(path).relative_to(TABLES).parts[0] for path in listed if Path(path).parent.is_dir()})


@dataclass(frozen=True)
class TablesOnRecord:
    """The tables and the report of an experiment in this checkout."""

    name: str

    @property
    def tables(self) -> Path:
        """The folder of the collected tables."""
        return TABLES / self.name

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return REPORT / self.name

    @property
    def collected_digest(self) -> str:
        """The digest of the collected tables; raises InputError unless they have exactly one stamp."""
        return self._stamp(self.tables).stem

    def prove(self) -> None:
        """Compare all tables, pages and figures with their stamps, be they of today's code or of older.

        Raises InputError naming the first file that differs, is missing or is in no stamp, or a folder that does not
        have exactly one stamp.
        """
        for folder in (self.tables, self.report):
            self._prove(folder)

    def refuse_inconsistent(self) -> None:
        """Raise InputError naming a value that another table contradicts, or a row that is not of a planned run.

        A stamp proves nothing against who writes the stamp. Stale runs are not compared with the plan. Raises it, too,
        if the stamp does not prove the tables.
        """
        self._prove(self.tables)
        again = remake(self.tables, OWN)
        consistent.check(self.tables, again)
        if not self.runs_are_stale and (self.tables / self._plan.collect.results[0]).is_file():
            consistent.planned(self._plan.collect, again)

    def refuse_unknown_commits(self) -> None:
        """Raise InputError naming a row of costs.csv whose commit is not in this clone.

        A shallow clone, which need not have them, is not asked; nor is a folder outside of git.
        """
        try:
            whole = git("rev-parse", "--is-shallow-repository").strip() == "false"
        except InputError:
            return
        named: dict[str, int] = {}
        for line, row in enumerate(self._costs, 2):
            named.setdefault(row["commit"], line)
        for commit, line in named.items() if whole else ():
            if not _is_commit(commit) and (commit != UNKNOWN or not self.dirty):
                what = f"line {line}: this clone has no commit {commit}"
                raise InputError(self.tables / "costs.csv", what, f"fetch it, or {remake(self.tables, OWN)}")

    @cached_property
    def stale(self) -> list[str]:
        """Which of "runs" and "report" have another digest today.

        Raises InputError if the experiment can no longer be planned.
        """
        today = self._plan.report.of(self.collected_digest).digest
        report = ["report"] if self._stamp(self.report).stem != today else []
        return [*(["runs"] if self._have_other_runs else []), *report]

    @cached_property
    def runs_are_stale(self) -> bool:
        """Whether the runs have another digest today, or the experiment can no longer be planned."""
        try:
            return self._have_other_runs
        except InputError:
            return True

    @cached_property
    def _have_other_runs(self) -> bool:
        return self.collected_digest != self._plan.collect.digest

    def refuse_dirty(self) -> None:
        """Raise InputError if the runs are not stale and one of them was made by code that was not committed.

        The remedy names every folder to remove. Stale runs are not refused, since their mark tells it.
        """
        if self.dirty and not self.runs_are_stale:
            what = f"{self.dirty} of {len(self._costs)} results were made by code that their commit does not hold"
            folders = " ".join(map(str, self._dirty_folders()))
            again = f"commit the code, then rm -r {folders} && {reproduce(self.name)}"
            raise InputError(self.tables / "costs.csv", what, again)

    def refuse_stale_report(self) -> None:
        """Raise InputError if the runs are not stale and the report is."""
        if not self.runs_are_stale and self.stale:
            what, again = "was made by older code than its tables", f"python -m snn report --experiment {self.name}"
            raise InputError(self.report, what, f"make it again: {again}")

    def refuse_forged_report(self) -> None:
        """Raise InputError naming a file of the report that today's code does not make of the tables.

        A stamp proves nothing against who writes the stamp, so the report is made again in a temporary folder. One of
        older code is not, since today's code makes another one.
        """
        try:
            if "report" in self.stale:
                return
        except InputError:  # of an experiment that can no longer be planned
            return
        again = self._plan.report.of(self.collected_digest)
        with TemporaryDirectory() as folder:
            again.write(Path(folder))
            for name in again.results:
                if files.sha256(Path(folder, name)) != files.sha256(self.report / name):
                    raise InputError(self.report / name, "is not what these tables make of it", remake(self.report))

    @property
    def mark(self) -> str:
        """A line in Markdown to put below stale tables; empty if the runs are not stale."""
        if not self.runs_are_stale:
            return ""
        commits = f"commit{'s' if len(self.commits) > 1 else ''} {', '.join(self.commits)}"
        share = f"{self.dirty} of {len(self._costs)}"
        uncommitted = f", {share} results with changes that were not committed" if self.dirty else ""
        since = "code or parameters have changed since, and these numbers were not computed again"
        return f"\n*Made by {commits}{uncommitted}; {since}.*\n"

    @property
    def commits(self) -> list[str]:
        """The commits whose code made the results, shortened; the commit of most results first."""
        return [commit for commit, _ in Counter(row["commit"][:SHORT] for row in self._costs).most_common()]

    @property
    def dirty(self) -> int:
        """How many results were made by code that was not committed."""
        return sum(row["dirty"] == "True" for row in self._costs)

    def has_run(self, digest: str) -> bool:
        """Whether the digest of a run of these tables begins with these digits."""
        return any(re.match(rf"s\d+-{digest}", Path(row["path"]).name) for row in self._costs)

    @cached_property
    def _costs(self) -> list[dict[str, str]]:
        return stored.read_csv(self.tables / "costs.csv", remake(self.tables, OWN))

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self.name)

    def _dirty_folders(self) -> list[Path]:
        """The folders of dirty results that are here, none inside another one, and the tables.

        The tables have no rows for prepared data, so the plan is asked.
        """
        here = (job.folder for job in self._plan.jobs.values() if (job.folder / "provenance.json").is_file())
        dirty = list(filter(results.is_dirty, here))
        return [*(folder for folder in dirty if set(dirty).isdisjoint(folder.parents)), self.tables]

    def _prove(self, folder: Path) -> None:
        stamp = self._stamp(folder)
        index.refuse_unfetched(self.name, stamp)
        files.verify_stamp(stamp, files.kept_in(folder) - {stamp.name}, remake(folder, OWN))

    def _stamp(self, folder: Path) -> Path:
        stamps = sorted(folder.glob("*.stamp"))
        if len(stamps) != 1:
            what = f"has {len(stamps)} stamps instead of one" if stamps else "has no stamp that proves its files"
            raise InputError(folder, what, remake(folder, OWN))
        return stamps[0]


def _is_commit(name: str) -> bool:
    """Whether git has a commit with this hash; names of branches and tags are none."""
    try:
        return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip() == name
    except InputError:
        return False
