"""The one way this project says no: what, in which file or under which key, and what to do."""

import os
import re
from pathlib import Path

from snn.core.paths import DIGEST_LENGTH

DIGEST = f"[0-9a-f]{{{DIGEST_LENGTH}}}"
MADE = re.compile(  # where the workflow puts results, see `jobs`
    rf"data/prepared/[^/]+/{DIGEST}"
    rf"|results/runs/[^/]+/[^/]+/[^/]+/T\d+/s\d+-{DIGEST}(/chips/[^/]+-{DIGEST}|/rows/{DIGEST})?"
    r"|results/(tables|figures)/[^/]+"
)


class InputError(Exception):
    """Bad input, refused in one line: ``<where>: <what>; <do>``."""

    exit_code = 2

    def __init__(self, where: object, what: str, do: str):
        self.where, self.what = str(where), what
        super().__init__(" ".join(f"{where}: {what}; {do}".split()))


class PlanChanged(InputError):
    """A job finds other parameters or code than it was planned with. Retrying cannot help, hence its own exit code."""

    exit_code = 3


def remake(folder: Path, otherwise: str = "give another file") -> str:
    """What to do about a damaged file in `folder`: have the result made again, or `otherwise` where the folder is not
    one that the workflow makes. Only by its place is a folder known, for what it holds may be damaged.
    """
    made = MADE.fullmatch(Path(os.path.relpath(folder)).as_posix())
    return f"remove {folder} and start the workflow again" if made else otherwise
