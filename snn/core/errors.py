"""Errors that name the file or key, the problem and the remedy."""

import os
import re
from pathlib import Path

from snn.core.paths import DIGEST_LENGTH

DIGEST = f"[0-9a-f]{{{DIGEST_LENGTH}}}"
MADE = re.compile(  # folders in which the workflow puts results, see `snn/pipeline/jobs.py`
    rf"data/prepared/[^/]+/{DIGEST}"
    rf"|results/runs/[^/]+/[^/]+/[^/]+/T\d+/s\d+-{DIGEST}(/chips/[^/]+-{DIGEST}|/rows/{DIGEST})?"
    r"|results/(tables|report)/[^/]+"
)


class InputError(Exception):
    """Bad input, reported in one line: `<where>: <what>; <do>`. `where` is a file, a key or an option."""

    exit_code = 2

    def __init__(self, where: object, what: str, do: str):
        self.where, self.what = str(where), what
        super().__init__(" ".join(f"{where}: {what}; {do}".split()))


class PlanChanged(InputError):
    """Parameters or code have changed since a job was planned. It has its own exit code since a retry cannot help."""

    exit_code = 3


class Stopped(InputError):
    """A training was asked to stop and did: there is no result, and the same command goes on from the checkpoint."""

    exit_code = 4


def remake(folder: Path, otherwise: str = "give another file") -> str:
    """The remedy for a damaged file in `folder`: remove the folder if the workflow can make it again, else `otherwise`.

    The path alone decides, since the content may be damaged.
    """
    made = MADE.fullmatch(Path(os.path.relpath(folder)).as_posix())
    return f"remove {folder} and start the workflow again" if made else otherwise
