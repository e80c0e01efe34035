"""What a command of the command line is made of. Standard library alone: help must not wait for anything else."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Literal

Options = argparse.Namespace


class Argument:
    """What argparse's add_argument takes.

    `named`: the value is the name of a parameter file, of this kind. `place`: it is a path, relative to the folder of
    the user. "read": it exists there, or else is taken as it is, since it may be a revision, a digest, or a path below
    the project. "write": it may be new.
    """

    def __init__(self, *names: str, named: str = "", place: Literal["read", "write"] | None = None, **options: Any):
        self.names, self.named, self.place, self.options = names, named, place, options


class Command:
    """A command: `do` gets the parsed arguments and returns an exit status, or nothing for 0.

    `examples`: arguments that help shows. `anywhere`: it works without a checkout of the project.
    """

    def __init__(
        self,
        name: str,
        text: str,
        do: Callable[[Options], int | None],
        arguments: Sequence[Argument] = (),
        examples: Sequence[str] = (),
        *,
        anywhere: bool = False,
    ):
        self.name, self.text, self.do, self.arguments, self.examples = name, text, do, arguments, examples
        self.anywhere = anywhere
