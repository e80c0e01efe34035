"""Tables on record, a set for each experiment: what stamps prove, which code made them. No torch.

A set is two folders in git: results/tables/NAME, collected from runs, and results/report/NAME, made from those tables
alone. The stamp in each is named by the digest of what made it and holds the sha256 of every file. Runs are stale when
today's code, parameters and data give the collected tables another digest; a report is stale when today's code and
parameters make another report of the tables that lie here. A stale report is made again in seconds, without runs.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError
from snn.core.git import git
from snn.pipeline.plan import Plan

TABLES, REPORT = Path("results/tables"), Path("results/report")
SHORT = 7  # digits of a commit's hash


def names() -> list[str]:
    """Experiments whose tables are in git, or would be added to it: those that git ignores are left out.

    Raises InputError where there is no git repository.
    """
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "--", f"{TABLES}/").splitlines()
    return sorted({Path(path).relative_to(TABLES).parts[0] for path in listed if Path(path).parent.is_dir()})


@dataclass(frozen=True)
class OnRecord:
    """The tables and the report of an experiment, as they lie here."""

    name: str

    @property
    def tables(self) -> Path:
        """Where the collected tables lie."""
        return TABLES / self.name

    @property
    def report(self) -> Path:
        """Where the report lies."""
        return REPORT / self.name

    @property
    def collected_digest(self) -> str:
        """What the collected tables were named by; raises InputError without exactly one stamp."""
        return self._stamp(self.tables).stem

    def prove(self) -> None:
        """Compare all tables, pages and figures with their stamps, whichever these are.

        Raises InputError naming the first that is not the file that was made, or a folder that has not one stamp.
        """
        for folder in (self.tables, self.report):
            stamp = self._stamp(folder)
            files.verify_stamp(stamp, files.kept_in(folder) - {stamp.name}, self._again)

    @cached_property
    def stale(self) -> list[str]:
        """Which of "runs" and "report" are not those of today.

        Raises InputError when the experiment cannot be planned any more.
        """
        plan, found = Plan(self.name), self.collected_digest
        digests = {"runs": (found, plan.collect.digest)}
        digests["report"] = (self._stamp(self.report).stem, plan.report.of(found).digest)
        return [part for part, (here, today) in digests.items() if here != today]

    @property
    def runs_are_stale(self) -> bool:
        """Whether the runs are not those of today; what cannot be planned any more is not of today either."""
        try:
            return "runs" in self.stale
        except InputError:
            return True

    def refuse_dirty(self) -> None:
        """Raise InputError when the runs are of today and code that was not committed made one of them.

        Stale ones may stay as they are: their mark tells.
        """
        if self.dirty and not self.runs_are_stale:
            what = f"{self.dirty} of {len(self._costs)} results were made by code that their commit does not hold"
            again = f"remove the folders it calls dirty, and run make reproduce EXPERIMENT={self.name}"
            raise InputError(self.tables / "costs.csv", what, f"commit the code, {again}")

    def refuse_stale_report(self) -> None:
        """Raise InputError when the runs are of today and the report was made of them by other code than today's."""
        if not self.runs_are_stale and self.stale:
            what, again = "was made by older code than its tables", f"python -m snn report --experiment {self.name}"
            raise InputError(self.report, what, f"make it again: {again}")

    @property
    def mark(self) -> str:
        """What has to stand below stale tables; nothing for those of today."""
        if not self.runs_are_stale:
            return ""
        commits = f"commit{'s' if len(self.commits) > 1 else ''} {', '.join(self.commits)}"
        share = f"{self.dirty} of {len(self._costs)}"
        uncommitted = f", {share} results with changes that were not committed" if self.dirty else ""
        since = "code or parameters have changed since, and these numbers were not computed again"
        return f"\n*Made by {commits}{uncommitted}; {since}.*\n"

    @property
    def commits(self) -> list[str]:
        """The commits, shortened, whose code made the rows; that of most rows first."""
        return [commit for commit, _ in Counter(row["commit"][:SHORT] for row in self._costs).most_common()]

    @property
    def dirty(self) -> int:
        """How many results were made by code that their commit does not hold."""
        return sum(row["dirty"] == "True" for row in self._costs)

    @cached_property
    def _costs(self) -> list[dict[str, str]]:
        return files.read_csv(self.tables / "costs.csv", self._again)

    @property
    def _again(self) -> str:
        return f"restore it from git, or remove it and run make reproduce EXPERIMENT={self.name}"

    def _stamp(self, folder: Path) -> Path:
        stamps = sorted(folder.glob("*.stamp"))
        if len(stamps) != 1:
            what = f"holds {len(stamps)} stamps, and not one" if stamps else "holds no stamp that proves its files"
            raise InputError(folder, what, self._again)
        return stamps[0]
