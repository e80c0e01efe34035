"""Completion of the console command in a shell: a script that shtab writes from the parser."""

import argparse

import shtab

from snn.cli import parse
from snn.cli.command import Argument


def write(shell: str) -> None:
    """Print the script for a shell, as `eval "$(spikeledger --completion bash)"` runs it."""
    print(shtab.complete(parse.parser(parse.CONSOLE, _complete), shell=shell))


def _complete(action: argparse.Action, argument: Argument) -> None:
    """Names of parameter files are asked for when they are completed; paths are those of the shell."""
    if argument.named:
        vars(action)["complete"] = shtab.cmd(f"{parse.CONSOLE} --names {argument.named}")
    elif argument.place:
        vars(action)["complete"] = shtab.FILE
