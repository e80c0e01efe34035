"""Errors that name the file or key, the problem and the remedy."""

import difflib
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from snn.core.paths import DIGEST_LENGTH, ROOT

DIGEST = f"[0-9a-f]{{{DIGEST_LENGTH}}}"
MADE = re.compile(  # folders in which the workflow puts results, see `snn/pipeline/jobs`
    rf"data/prepared/[^/]+/{DIGEST}"
    rf"|results/runs/[^/]+/[^/]+/[^/]+/T\d+/tuning-{DIGEST}"
    rf"|results/runs/[^/]+/[^/]+/[^/]+/T\d+/s\d+-{DIGEST}(/chips/[^/]+-{DIGEST}|/rows/{DIGEST})?"
    r"|results/(tables|report)/(?P<experiment>[^/]+)"
)


class InputError(Exception):
    """Bad input, reported in one line: `<where>: <what>; <do>`. `where` is a file, a key or an option."""

    exit_code = 2

    def __init__(self, where: object, what: str, do: str):
        self.where, self.what = str(where), what
        line = " ".join(f"{where}: {what}; {do}".split())
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line))


class PlanChanged(InputError):
    """Parameters or code have changed since a job was planned. It has its own exit code since a retry cannot help."""

    exit_code = 3


class Stopped(InputError):
    """A training was asked to stop and did: there is no result, and the same command resumes from the checkpoint."""

    exit_code = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """What a message proposes for an unknown name: the most similar known one, or all if none is similar.

    Initials are similar, as lr to learning_rates.
    """
    names = list(known)
    short = [one for one in names if "".join(word[:1] for word in one.split("_")) == name and "_" in one]
    similar = difflib.get_close_matches(name, names, n=1) or short
    return f"the nearest is '{similar[0]}'" if similar else f"known are {', '.join(names) or 'none'}"


def remake(folder: Path, otherwise: str = "give another file") -> str:
    """The remedy for a damaged or missing file in `folder` if the workflow makes that folder, else `otherwise`.

    The path alone decides what the workflow makes, since the content may be damaged: tables and a report, which are in
    git, have the name of an experiment. A folder that is not there is not one to remove.
    """
    match = MADE.fullmatch(Path(os.path.relpath(folder)).as_posix())
    name = match["experiment"] if match else None
    if not match or (name and not (ROOT / "params" / "experiments" / f"{name}.yaml").is_file()):
        return otherwise
    again = f"run {reproduce(name)}" if name else "start the workflow again"
    if not folder.exists():
        return again
    return f"{'restore it from git, or ' if name else ''}remove {folder} and {again}"


def reproduce(experiment: str) -> str:
    """The command that makes whatever an experiment lacks."""
    return f"make reproduce EXPERIMENT={shlex.quote(experiment)}"


def make_result(experiment: str, path: Path) -> str:
    """The command that makes one result of an experiment, in the environment of the clone."""
    return f".venv/bin/python -m snakemake -c1 --config experiment={experiment} -- {shlex.quote(str(path))}"
