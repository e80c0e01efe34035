"""Errors that name the file or key, the problem and the remedy."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from snn.core.paths import DIGEST_LENGTH, ROOT

DIGEST = f"[0-9a-f]{{{DIGEST_LENGTH}}}"
MADE = re.compile(  # folders in which the workflow puts results, see `snn/pipeline/jobs`
    rf"data/prepared/[^/]+/{DIGEST}"
    rf"|results/runs/[^/]+/[^/]+/[^/]+/T\d+/s\d+-{DIGEST}(/chips/[^/]+-{DIGEST}|/rows/{DIGEST})?"
    r"|results/(tables|report)/(?P<experiment>[^/]+)"
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
    """A training was asked to stop and did: there is no result, and the same command resumes from the checkpoint."""

    exit_code = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """What a message proposes for an unknown name: the most similar known one, or all if none is similar."""
    names = list(known)
    similar = difflib.get_close_matches(name, names, n=1)
    return f"the nearest is '{similar[0]}'" if similar else f"known are {', '.join(names) or 'none'}"


def remake(folder: Path, otherwise: str = "give another file") -> str:
    """The remedy for a damaged file in `folder`: remove the folder if the workflow can make it again, else `otherwise`.

    The path alone decides, since the content may be damaged; tables and a report have the name of an experiment.
    """
    match = MADE.fullmatch(Path(os.path.relpath(folder)).as_posix())
    made = bool(match)
    if match and (name := match["experiment"]):
        made = (ROOT / "params" / "experiments" / f"{name}.yaml").is_file()
    return f"remove {folder} and start the workflow again" if made else otherwise
