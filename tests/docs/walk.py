"""Do what a page of the documentation tells: write its files and run its commands, in a copy of the project."""

import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from snn.core.paths import ROOT
from tests import trees

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"[Ww]rite\s`([^`\s]+)`[^`\n]*:$")
PYTHON = ".venv/bin/python"
DUE = 1  # exit status of a plan with jobs that are due


class Block(NamedTuple):
    """A fenced block: its language, its text, and the file that the line before it names, if it ends in a colon."""

    language: str
    text: str
    file: str | None

    @property
    def lines(self) -> int:
        """Lines of code, without empty ones."""
        return sum(bool(line.strip()) for line in self.text.splitlines())


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page below docs."""
    text = (ROOT / "docs" / page).read_text()
    found = []
    for hit in FENCE.finditer(text):
        named = FILE.search(text[: hit.start()].rstrip())
        found.append(Block(hit[1], hit[2], named[1] if named else None))
    return found


def write_files(tree: Path, page: str, epochs: int = 1) -> None:
    """Write the files of a page; experiments train for so many epochs, with one seed."""
    for block in blocks(page):
        if block.file:
            path = tree / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            short = re.sub(r"^epochs: \d+", f"epochs: {epochs}", block.text, flags=re.MULTILINE)
            path.write_text(re.sub(r"^seeds: .*", "seeds: [0]", short, flags=re.MULTILINE))


def follow(tree: Path, page: str, *left_out: str, epochs: int = 1) -> str:
    """Write the files of a page and run its blocks in order, without these stages; returns what they print."""
    write_files(tree, page, epochs)
    printed = ""
    for block in blocks(page):
        if block.file is None and block.language == "python":
            printed += trees.run(tree, "-c", block.text).stdout
        for line in block.text.splitlines() if block.language == "sh" else ():
            printed += command(tree, shlex.split(line, comments=True), left_out)
    return printed


def command(tree: Path, words: list[str], left_out: Sequence[str]) -> str:
    """Run a command of a page; one that is not known here fails the test."""
    words = [_expanded(tree, word) if "*" in word else word for word in words]
    match words:
        case ["make", "reproduce", setting] if setting.startswith("EXPERIMENT="):
            trees.compute(tree, setting.removeprefix("EXPERIMENT="), *left_out)
            return ""
        case [program, "-m", "snn", "plan", *rest] if program == PYTHON:
            return trees.run(tree, "-m", "snn", "plan", *rest, status=DUE).stdout
        case [program, "-m", *rest] if program == PYTHON:
            return trees.run(tree, "-m", *rest).stdout
        case [program, script, *arguments] if program == PYTHON:
            return trees.run(tree, "-c", (tree / script).read_text(), *arguments).stdout
    raise AssertionError(f"no test runs: {' '.join(words)}")


def _expanded(tree: Path, word: str) -> str:
    """A word as the shell passes it on: patterns and commands in it are replaced by what they stand for."""
    done = subprocess.run(["bash", "-c", f"echo {word}"], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout.strip()
