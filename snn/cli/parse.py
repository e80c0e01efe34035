"""The parser of all commands: help in groups, and the nearest name for a wrong one.

It is argparse, which starts within 0.01 s; click was measured at 0.05 s. shtab, which writes the completion of shells,
is imported for that alone.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from snn.cli.command import Argument, Command, Options
from snn.cli.commands import COMMANDS, GROUPS, JOBS
from snn.cli.tool import CONSOLE
from snn.core.errors import InputError, nearest
from snn.core.lazy import lazy
from snn.core.paths import HOME, PARAMS, ROOT

completion, metadata, tomllib = lazy("snn.cli.completion"), lazy("importlib.metadata"), lazy("tomllib")

MODULE = "python -m snn"
SHELLS = ("bash", "zsh", "fish", "tcsh")
WIDTH = 12  # of the column of names
ABOUT = "Training rules for spiking neural networks: reproduced, on noisy chips, with energy."
EXAMPLES = ("summary", "plan --experiment hardware", "recommend --noise mismatch --level 0.4", "list methods")
FRONT = (
    Argument("--version", action="store_true", dest="of_program", help="version and checkout"),
    Argument("--completion", metavar="SHELL", choices=SHELLS, help=f"a script for the shell: {', '.join(SHELLS)}"),
    Argument("--names", metavar="KIND", help=argparse.SUPPRESS),  # what completion asks for
)
TOOL = Argument("--root", metavar="FOLDER", help="the checkout; default: the one in or above this folder")
Place = TypeVar("Place", str, Path)


def parse(arguments: Sequence[str] | None, prog: str, folder: Path | None) -> Options:
    """The parsed arguments of a command, `do` among them.

    `folder`: where the user is, to which paths are relative; None if it is the working folder. Raises InputError, with
    the nearest name for an unknown command.
    """
    options = parser(prog).parse_args(arguments)
    if options.of_program:
        options.do = lambda o: print(_version())
    elif options.completion:
        options.do = lambda o: completion.write(o.completion)
    elif options.names:
        options.do = lambda o: print("\n".join(sorted(path.stem for path in (PARAMS / o.names).glob("*.yaml"))))
    elif not hasattr(options, "command"):
        raise InputError(prog, "is given without a command", f"see {prog} --help")
    elif folder:
        for argument in options.command.arguments:
            name = argument.names[0].removeprefix("--").replace("-", "_")
            value = getattr(options, name)
            if argument.place and value and value != argument.options.get("default"):
                setattr(options, name, _there(value, folder, argument.place == "read"))
    return options


def parser(
    prog: str = MODULE, each: Callable[[argparse.Action, Argument], None] | None = None
) -> argparse.ArgumentParser:
    """All commands with their arguments, under the name of the program; `each` gets every argument that was added."""
    top = Top(prog=prog, allow_abbrev=False)
    for argument in FRONT + ((TOOL,) if prog == CONSOLE else ()):
        top.add_argument(*argument.names, **argument.options)
    commands = top.add_subparsers(metavar="COMMAND", parser_class=Own)
    for command in COMMANDS.values():
        own = commands.add_parser(
            command.name,
            help=command.text,
            description=f"{command.text[0].upper()}{command.text[1:]}.",
            epilog=_examples(prog, [f"{command.name} {example}" for example in command.examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for argument in command.arguments:
            for action in _add(own, argument, command):
                if each:
                    each(action, argument)
        own.set_defaults(do=command.do, command=command)
    return top


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError in place of usage and exit."""
        raise InputError(self.prog, message, f"see {self.prog} --help")


class Own(Parser):
    """The parser of one command: an unknown option is refused before one that is missing, and one value given twice.

    Where a command takes `more`, everything behind -- is in it, whatever stands before.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """See argparse, where what is missing is refused first: the option that was misspelt."""
        words = list(args or ())
        end = words.index("--") if "--" in words else len(words)
        self._check_options(words[:end])
        if self.get_default("more") is None:
            return super().parse_known_args(words, namespace)
        found, unknown = super().parse_known_args(words[:end], namespace)
        found.more = [*found.more, *words[end + 1 :]]
        return found, unknown

    def _check_options(self, words: Sequence[str]) -> None:
        """Raise InputError for an unknown option, or a value that is given twice."""
        known, given = [name for name in self._option_string_actions if name.startswith("--")], set[str]()
        for word in words:
            name = word.partition("=")[0]
            if not name.startswith("--"):
                continue
            meant = [name] if name in known else [other for other in known if other.startswith(name)]
            if not meant:
                do = f"{nearest(name, known)}; see {self.prog} --help"
                raise InputError(f"{self.prog} {name:.100}", "is no option of this command", do)
            if meant[0] in given and isinstance(self._option_string_actions[meant[0]], argparse._StoreAction):
                raise InputError(f"{self.prog} {meant[0]}", "is given twice", "give it once")
            given.update(meant[:1])


class Top(Parser):
    """The parser of the commands: help in groups, and the nearest name for an unknown command."""

    def format_help(self) -> str:
        """All commands by group, each in a line."""
        groups = [_lines(f"{name}:", {c.name: c.text for c in group}) for name, group in GROUPS.items()]
        groups.append(f"one job of the workflow:\n  {', '.join(command.name for command in JOBS)}")
        front = FRONT + ((TOOL,) if self.prog == CONSOLE else ())
        shown = {a.names[0]: a.options["help"] for a in front if a.options["help"] != argparse.SUPPRESS}
        usage = f"usage: {self.prog} COMMAND ...\n\n{ABOUT}"
        more = f"{self.prog} COMMAND --help tells more about a command."
        if HOME != ROOT:
            able = ", ".join(command.name for command in COMMANDS.values() if command.anywhere)
            more += f" Here is no checkout of the project: {able} work, the others need one."
        return "\n\n".join([usage, *groups, _lines("options:", shown), _examples(self.prog, EXAMPLES), more]) + "\n"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in COMMANDS:
            raise InputError(f"{self.prog} {value}", "is no command", f"{nearest(value, COMMANDS)}; see --help")
        super()._check_value(action, value)


def _add(parser: argparse.ArgumentParser, argument: Argument, command: Command) -> list[argparse.Action]:
    """Add an argument; where --experiment stands alone, its value may be given without the option, too."""
    alone = all(other.names[0].startswith("--") for other in command.arguments)
    if argument.names != ("--experiment",) or "nargs" in argument.options or not alone:
        return [parser.add_argument(*argument.names, **argument.options)]
    options = {key: value for key, value in argument.options.items() if key != "required"}
    one = parser.add_mutually_exclusive_group(required=argument.options.get("required", False))
    value = one.add_argument("experiment", nargs="?", default=argparse.SUPPRESS, help="the same, without --experiment")
    return [value, one.add_argument(*argument.names, **options)]


def _lines(title: str, texts: dict[str, str]) -> str:
    return "\n".join([title, *(f"  {name:<{WIDTH}}  {text}" for name, text in texts.items())])


def _examples(prog: str, examples: Sequence[str]) -> str:
    return "\n".join(["examples:" if examples else "", *(f"  {prog} {example}".rstrip() for example in examples)])


def _version() -> str:
    """The version: of a checkout, with its folder, as its pyproject.toml states it; else of the installed package."""
    if HOME != ROOT:
        return f"{CONSOLE} {metadata.version(CONSOLE)}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return f"{CONSOLE} {project['version']}, checkout {ROOT}"


def _there(value: Place, folder: Path, must_exist: bool) -> Place:
    """A path as its user meant it, relative to `folder`; with `must_exist`, the value itself if it is not there."""
    there = folder / value
    return value if "://" in str(value) or (must_exist and not there.exists()) else type(value)(there)
