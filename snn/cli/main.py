"""The command line: python -m snn <command>. The workflow runs the stages; people use the other commands."""

import argparse
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from snn.cli.commands import COMMANDS
from snn.core.errors import InputError

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.ENAMETOOLONG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns the exit status: 0 done, 1 jobs are due or tables stale (plan), 2 bad input, 3 the plan has changed,
    4 stopped on request.
    """
    try:
        options = parser().parse_args(arguments)
        return options.do(options) or 0
    except InputError as error:
        return _refuse(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        where = f"{error.filename or 'disk'!s:.300}"
        return _refuse(f"{where}: {error.strerror}; correct that and run the same command again", 2)
    except KeyboardInterrupt:
        return _refuse("keyboard: interrupted; the same command continues after the last finished epoch", 130)


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError in place of usage and exit."""
        raise InputError(self.prog, message, f"see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    top = Parser(prog="python -m snn", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.text)
        group = own.add_mutually_exclusive_group() if command.exclusive else own
        for argument in command.arguments:
            group.add_argument(*argument.names, **argument.options)
        own.set_defaults(do=command.do)
    return top


def start(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command of this process, and end the process at once with the exit status.

    Nothing is taken apart before, which would take 0.2 CPU-seconds with torch: files are closed where they are written.
    """
    try:
        status = main(arguments)
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


def _refuse(line: str, status: int) -> int:
    _flush()
    print(f"error: {line}", file=sys.stderr, flush=True)
    return status
