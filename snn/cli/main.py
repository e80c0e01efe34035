"""The command line: python -m snn COMMAND. The workflow runs the stages; people use the other commands."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from snn.cli import parse
from snn.cli.tool import CONSOLE, FOLDER
from snn.core.errors import InputError
from snn.core.paths import ROOT

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.ENAMETOOLONG)


def main(arguments: Sequence[str] | None = None, prog: str = parse.MODULE) -> int:
    """Run one command.

    Returns the exit status: 0 done, 1 jobs are due or tables stale (plan), 2 bad input, 3 the plan has changed,
    4 stopped on request.
    """
    try:
        if user := os.environ.pop(FOLDER, None):
            prog = CONSOLE
            if Path.cwd() != ROOT:
                raise InputError(ROOT, f"is not the checkout in {Path.cwd()}", "check how this Python finds modules")
        options = parse.parse(arguments, prog, Path(user) if user else None)
        return options.do(options) or 0
    except InputError as error:
        return refuse(error)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        where = f"{error.filename or 'disk'!s:.300}"
        return refuse(InputError(where, f"{error.strerror}", "correct that and run the same command again"))
    except KeyboardInterrupt:
        _tell("keyboard: interrupted; the same command continues after the last finished epoch")
        return 130


def refuse(error: InputError) -> int:
    """Print an error in a line; returns the exit status."""
    _tell(str(error))
    return error.exit_code


def start(arguments: Sequence[str] | None = None, prog: str = parse.MODULE) -> NoReturn:
    """Run the command of this process, and end the process at once with the exit status.

    Nothing is taken apart before, which would take 0.2 CPU-seconds with torch: files are closed where they are written.
    """
    try:
        status = main(arguments, prog)
        _flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except SystemExit as ended:  # of --help
        status = int(ended.code or 0)
        _flush()
    except BaseException:
        traceback.print_exc()
        status = 1
    _flush()
    os._exit(status)


def _flush() -> None:
    """Write out what is buffered; a stream that was closed before the start is none."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _tell(line: str) -> None:
    _flush()
    print(f"error: {line}", file=sys.stderr, flush=True)
