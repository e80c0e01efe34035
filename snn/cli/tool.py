"""The console command spikeledger: it runs a command with the code of the checkout that the user is in.

    spikeledger [--root FOLDER] COMMAND ...    =    cd CHECKOUT && python -m snn COMMAND ...

A result is named by a digest of the code in the checkout, so that code must run, and not the installed one. The
installed package finds the checkout and becomes `python -m snn` there, with the checkout first on the path. Without a
checkout it runs the commands that name no result.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.paths import is_checkout

main, commands = lazy("snn.cli.main"), lazy("snn.cli.commands")

CONSOLE = "spikeledger"
FOLDER = "SPIKELEDGER_FOLDER"  # where the user is, in the environment of the command, which has changed the folder


def start() -> NoReturn:
    """Be the command in the checkout; without one, run a command that needs none, or refuse in a line."""
    try:
        root, arguments = split(sys.argv[1:])
        if checkout := found(Path.cwd(), root):
            _become(checkout, arguments or ["--help"])
        _needs_none(arguments)
    except InputError as error:
        sys.exit(main.refuse(error))
    main.start(arguments or ["--help"], CONSOLE)
    raise AssertionError("a started command ends its process")


def split(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The value of --root, if it is given, and the other arguments."""
    rest, roots = list(arguments), []
    for i, word in reversed(list(enumerate(arguments))):
        if word == "--root" or word.startswith("--root="):
            if word == "--root" and i + 1 == len(rest):
                raise InputError("--root", "is given without a folder", "give the folder that holds Snakefile")
            roots.append(rest.pop(i + 1) if word == "--root" else word.removeprefix("--root="))
            rest.pop(i)
    return (Path(roots[0]) if roots else None), rest


def found(here: Path, given: Path | None) -> Path | None:
    """The checkout: the given one, or the nearest in or above a folder, if there is any.

    One that is found and belongs to somebody else has to be given, since its code runs. Raises InputError for that, and
    for a given folder that is none.
    """
    if given:
        if not is_checkout(given):
            raise InputError(f"--root {given}", "is no checkout of the project", "give the folder that holds Snakefile")
        return given.resolve()
    for folder in (here, *here.parents):
        if is_checkout(folder):
            if folder.stat().st_uid not in (os.getuid(), 0):
                raise InputError(folder, "belongs to somebody else", f"give --root {folder} if you trust its code")
            return folder
    return None


def _needs_none(arguments: Sequence[str]) -> None:
    command = commands.COMMANDS.get(next((word for word in arguments if not word.startswith("-")), ""))
    if command and not command.anywhere and not {"-h", "--help"} & set(arguments):
        what = f"needs a checkout of the project, and there is none in or above {Path.cwd()}"
        raise InputError(f"{CONSOLE} {command.name}", what, "go to one, or give --root FOLDER")


def _become(checkout: Path, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by `python -m snn` in a checkout. PYTHONSAFEPATH would take the checkout off the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment[FOLDER] = str(Path.cwd())
    os.chdir(checkout)
    command = [sys.executable, "-m", "snn", *arguments]
    os.execve(sys.executable, command, environment)
