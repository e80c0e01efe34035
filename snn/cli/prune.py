"""The command prune: results in this checkout that no table on record and no experiment names. No torch."""

import csv
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from snn.config import params
from snn.core.errors import DIGEST, InputError
from snn.pipeline.plan import Plan

RESULT = re.compile(rf".*-{DIGEST}|{DIGEST}")  # the name of a folder of a result


def prune(delete: bool) -> None:
    """List the folders of results that nothing names, and delete them if told to.

    Kept is what a costs.csv below results/tables names, and what an experiment plans today, with all that contains it.
    """
    kept = set(_named())
    kept |= {parent for folder in kept for parent in folder.parents}
    found = list(_unnamed(kept))
    for folder, size in found:
        print(f"{size / 1e6:10,.1f} MB  {folder}")
        if delete:
            shutil.rmtree(folder)
    total = f"{len(found)} folders of {sum(size for _, size in found) / 1e6:,.1f} MB that nothing names"
    ending = " were deleted" if delete else "; delete them: python -m snn prune --delete"
    print(total + (ending if found else ""))


def _named() -> Iterator[Path]:
    for path in Path("results/tables").glob("*/costs.csv"):
        with path.open(newline="") as file:
            yield from (Path(row["path"]) for row in csv.DictReader(file))
    for name in params.names("experiments"):
        with suppress(InputError):  # one that cannot be planned names nothing
            yield from Plan(name).jobs


def _unnamed(kept: set[Path]) -> Iterator[tuple[Path, int]]:
    """The outermost folders of results that are not kept, with their sizes in bytes."""
    open_ = [Path("data/prepared"), Path("results/runs")]
    while open_:
        for folder in sorted(path for path in open_.pop().glob("*") if path.is_dir() and not path.is_symlink()):
            if not RESULT.fullmatch(folder.name) or folder in kept:
                open_.append(folder)
            else:
                yield folder, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
