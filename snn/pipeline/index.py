"""The index of a release: path, size and sums of every released file of an experiment. No torch.

    results/released/NAME.csv      the index, in git
    results/released/NAME.dvc      DVC's pointer to the folder NAME, which holds the same files below their paths

The bytes are in a remote of DVC, which names a file by its md5; the sha256 proves what comes from there.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from snn.core import files, stored
from snn.core.errors import InputError
from snn.core.strict import Model

FOLDER = Path("results/released")


class Released(Model):
    """A released file: its path in the project, its size in bytes, its sums."""

    path: Path
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


def index_of(experiment: str) -> Path:
    """The index of an experiment's release."""
    return FOLDER / f"{experiment}.csv"


def pointer_of(experiment: str) -> Path:
    """DVC's pointer to the released files of an experiment."""
    return FOLDER / f"{experiment}.dvc"


def describe(path: Path) -> Released:
    """The line of a file that is here."""
    return Released(path=path, size=path.stat().st_size, sha256=files.sha256(path), md5=files.md5(path))


def write(path: Path, released: Iterable[Released]) -> None:
    """Write an index, ordered by path."""
    rows = sorted((row.model_dump(mode="json") for row in released), key=lambda row: row["path"])
    stored.write_csv(path, rows, list(Released.model_fields))


def read(path: Path) -> dict[Path, Released]:
    """The lines of an index by path; raises InputError naming an index that cannot be read."""
    again = "restore it from git"
    try:
        rows = [Released.model_validate(row, strict=False) for row in stored.read_csv(path, again)]
    except ValidationError as error:
        raise InputError(path, f"is no index of a release ({error.errors()[0]['msg']})", again) from error
    return {row.path: row for row in rows}


def refuse_unfetched(experiment: str, stamp: Path) -> None:
    """Raise InputError naming the first file of a stamp that is not here and that the release keeps."""
    if not index_of(experiment).is_file():
        return
    kept = read(index_of(experiment))
    for name in sorted(files.read_json(stamp, "restore it from git")):
        path = stamp.with_name(name)
        if path in kept and not path.is_file():
            raise InputError(path, "is not here, and kept by a release", f"make fetch EXPERIMENT={experiment}")
