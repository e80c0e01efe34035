"""The base of jobs whose results are in git: the collected tables and the report of an experiment. No torch.

Their folders are named by the experiment. A stamp beside the files is named by the digest and holds their sha256.
"""

from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from snn.core import files
from snn.core.errors import InputError, remake
from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.pipeline.job import Job

index = lazy("snn.pipeline.index")


@dataclass(frozen=True, eq=False)
class StampedJob(Job):
    """A job whose folder has no digest in its name; a stamp in the folder has it."""

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.folder.name

    @property
    def stamp_file(self) -> Path:
        """The stamp of these results."""
        return self.folder / f"{self.digest}.stamp"

    @property
    def outputs(self) -> list[Path]:
        return [*(self.folder / name for name in self.results), self.stamp_file]

    @abstractmethod
    def write(self, out: Path) -> None:
        """Write the files of the result into a folder."""

    def make(self, out: Path, observer: Observer) -> None:
        """Write the files, move them into place, and replace the stamp last; what only the old one names is removed."""
        self.write(out)
        for name in self.results:
            files.move(out / name, self.folder / name)
        for old in self.folder.glob("*.stamp"):
            with suppress(InputError):  # a damaged stamp names nothing
                named = set(files.read_json(old, remake(self.folder)))
                for name in files.kept_in(self.folder) & named - set(self.results):
                    files.remove(self.folder / name)
            files.remove(old)
        files.write_json(self.stamp_file, {name: files.sha256(self.folder / name) for name in self.results})

    def verify(self, digest: str = "") -> None:
        """Compare the files with their stamp; raises InputError naming the first that differs or is missing.

        `digest` names the stamp of older code, which may have made other files; by default the stamp is the job's own.
        """
        names = self.results if digest in ("", self.digest) else ()
        stamp = self.folder / f"{digest or self.digest}.stamp"
        index.refuse_unfetched(self.name, stamp)
        files.verify_stamp(stamp, names, remake(self.folder))
