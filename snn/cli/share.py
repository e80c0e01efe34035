"""The command share: the results of an experiment in the formats that other tools expect. No torch."""

from pathlib import Path

from snn.core.errors import InputError, nearest
from snn.core.git import git
from snn.exports.citation import citation
from snn.exports.formats.table import PARQUET
from snn.exports.given import Given
from snn.exports.write import refuse_used, write
from snn.pipeline import record


def share(experiment: str, folder: Path) -> None:
    """Write the exports of the tables on record into a new folder.

    Raises InputError if the tables do not match their stamps, contradict each other, the plan or git, are in no commit,
    or were made by code that is in none.
    """
    refuse_used(folder)
    found = record.TablesOnRecord(experiment)
    if not found.tables.is_dir():
        raise InputError(experiment, "has no tables on record", nearest(experiment, record.names()))
    found.prove()
    found.refuse_inconsistent()
    found.refuse_unknown_commits()
    found.refuse_dirty()
    mark = found.mark.strip().strip("*")
    made = write(
        Given(experiment, found.tables, found.report, found.collected_digest, mark, _published(found), citation()),
        folder,
    )
    print(f"{len(made)} files are in {folder}; docs/exports.md tells how to read them")
    if PARQUET not in made:
        print(f"without {PARQUET}, which needs pyarrow: make share writes it")
    if mark:
        print(mark)


def _published(found: record.TablesOnRecord) -> str:
    """The day on which git got the tables."""
    day = git("log", "-1", "--format=%as", "--", str(found.tables)).strip()
    if not day or git("status", "--porcelain", "--", str(found.tables), str(found.report)).strip():
        raise InputError(found.tables, "is not as in git, which tells when results were published", "commit it first")
    return day
