"""Records of Snakemake that a damaged disk made unreadable are removed when a head starts. No torch.

Snakemake ignores a record that is no JSON, and ends with a traceback at one whose bytes are no text. A result without a
record is one whose rule is taken to be unchanged; what made it is in its own files, which are proven.
"""

import contextlib
import sys
from pathlib import Path
from typing import Any

RECORDS = Path(".snakemake/metadata")


def forget(workflow: Any) -> None:
    """Remove records that are no text; tells how many there were."""
    if not workflow.is_main_process or workflow.output_settings.dryrun:
        return
    found = sum(_forgotten(path) for path in RECORDS.rglob("*") if path.is_file())
    if found:
        line = f"{found} records of Snakemake cannot be read, and are removed; no result depends on them"
        print(line, file=sys.stderr, flush=True)


def _forgotten(path: Path) -> bool:
    with contextlib.suppress(OSError):  # it is gone meanwhile, or belongs to another user
        try:
            path.read_bytes().decode()
        except UnicodeDecodeError:
            path.unlink()
            return True
    return False
