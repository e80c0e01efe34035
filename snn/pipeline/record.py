"""The tables on record, a set for each experiment in results/tables: what stamps prove, which code made them. No torch.

A stamp is named by the digest of the tables and holds the sha256 of each. A set is of today when today's code,
parameters and data give its tables the digest that its stamp has; else it is stale: made by older code, and not made
again since.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError
from snn.core.git import git
from snn.pipeline.plan import Grid

FOLDER = Path("results/tables")
SHORT = 7  # digits of a commit's hash


def names() -> list[str]:
    """Experiments whose tables are in git, or would be added to it: those that git ignores are left out.

    Raises InputError where there is no git repository.
    """
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "--", f"{FOLDER}/").splitlines()
    return sorted({Path(path).relative_to(FOLDER).parts[0] for path in listed if Path(path).parent.is_dir()})


@dataclass(frozen=True)
class TableSet:
    """The tables of an experiment, as they lie here."""

    name: str

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return FOLDER / self.name

    @property
    def stamp_file(self) -> Path:
        """The only stamp; raises InputError when there is none, or more than one."""
        stamps = sorted(self.folder.glob("*.stamp"))
        if len(stamps) != 1:
            what = f"holds {len(stamps)} stamps, and not one" if stamps else "holds no stamp that proves the tables"
            raise InputError(self.folder, what, self._again)
        return stamps[0]

    @property
    def _again(self) -> str:
        return f"restore it from git, or remove it and run make reproduce EXPERIMENT={self.name}"

    def prove(self) -> None:
        """Compare all tables with the stamp, whichever it is.

        Raises InputError naming the first that is not the file that was made, or the folder if it has not one stamp.
        """
        stamp = self.stamp_file
        files.verify_stamp(stamp, files.kept_in(self.folder) - {stamp.name}, self._again)

    @property
    def of_today(self) -> bool:
        """Whether the code, parameters and data of today name these tables the same.

        Raises InputError when the experiment cannot be planned any more.
        """
        return self.stamp_file.stem == Grid(self.name).tables.digest

    @property
    def stale(self) -> bool:
        """Whether these tables are not those of today; what cannot be planned any more is not of today either."""
        try:
            return not self.of_today
        except InputError:
            return True

    def refuse_dirty(self) -> None:
        """Raise InputError when the tables are of today and code that was not committed made a result of theirs.

        Stale tables may stay as they are: their mark tells.
        """
        if self.dirty and not self.stale:
            what = f"{self.dirty} of {len(self._costs)} results were made by code that their commit does not hold"
            again = f"remove the folders it calls dirty, and run make reproduce EXPERIMENT={self.name}"
            raise InputError(self.folder / "costs.csv", what, f"commit the code, {again}")

    @cached_property
    def _costs(self) -> list[dict[str, str]]:
        return files.read_csv(self.folder / "costs.csv", self._again)

    @property
    def commits(self) -> list[str]:
        """The commits, shortened, whose code made the rows; that of most rows first."""
        return [commit for commit, _ in Counter(row["commit"][:SHORT] for row in self._costs).most_common()]

    @property
    def mark(self) -> str:
        """What has to stand below stale tables; nothing for those of today."""
        if not self.stale:
            return ""
        commits = f"commit{'s' if len(self.commits) > 1 else ''} {', '.join(self.commits)}"
        share = f"{self.dirty} of {len(self._costs)}"
        uncommitted = f", {share} results with changes that were not committed" if self.dirty else ""
        since = "code or parameters have changed since, and these numbers were not computed again"
        return f"\n*Made by {commits}{uncommitted}; {since}.*\n"

    @property
    def dirty(self) -> int:
        """How many results were made by code that their commit does not hold."""
        return sum(row["dirty"] == "True" for row in self._costs)
