"""Copies of the project in which a part of `smoke` runs, and what its results have to be."""

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests import running, trees

EXPERIMENT = "smoke"
METHODS = "[tet, ltl_online]"  # and their teacher
EPOCHS = 3  # of each, so that there are checkpoints to be damaged
TABLES, REPORT, PAGE = Path("results/tables/smoke"), Path("results/report/smoke"), Path("results/report/smoke.html")
COSTS = ("costs.csv", ".stamp")  # seconds, and sums over them: no two runs have the same
WORKFLOW = (sys.executable, "-m", "snakemake", "-c2", "--config", f"experiment={EXPERIMENT}")
SNN = (sys.executable, "-m", "snn")
SUMMARY = (*SNN, "summary", "--experiment", EXPERIMENT)
RUN = "results/runs/*/*/*/T*/s*"  # folders of runs
TRIES = 4  # times that the same commands are given after a fault
PATIENCE = 1800  # seconds for a command, or for the jobs of a killed head


class Skipped(Exception):
    """This machine cannot produce a fault."""


@dataclass
class Campaign:
    """A tree; `expected`: the sha256 of every table and figure of an undisturbed run, by path."""

    folder: Path
    expected: Mapping[str, str]
    wrong: list[str] = field(default_factory=list)  # what ended with success and other results
    messages: list[str] = field(default_factory=list)  # what every command that failed says
    undo: list[Callable[[], None]] = field(default_factory=list)  # what has to be done when the case is over
    outputs: dict[int, IO[str]] = field(default_factory=dict)  # of commands, by process

    def start(self, command: Sequence[str] = WORKFLOW, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A command in this tree, in a group of processes of its own; `prefix`: a program that starts it."""
        output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - a pipe would tie orphans to us
        process = subprocess.Popen(
            [*prefix, *command],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.outputs[process.pid] = output
        return process

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a command and note how it failed, or that it ended with success and other results."""
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill_all()
            self.messages.append(f"did not end within {PATIENCE} s")
            return -1
        with self.outputs.pop(process.pid) as output:
            output.seek(0)
            text = output.read()
        if process.returncode:
            self.messages.append(_message(text))
        elif "snakemake" in process.args and (moved := self.moved()):
            self.wrong.append(moved[0])
        return process.returncode

    def run(self, command: Sequence[str] = WORKFLOW, prefix: Sequence[str] = ()) -> int:
        """The exit status of a command."""
        return self.end(self.start(command, prefix))

    def recover(self) -> int | None:
        """Give the same two commands until both end with success; the number of times, None if they never do."""
        for count in range(1, TRIES + 1):
            if self.run() == 0 and self.run(SUMMARY) == 0:
                self.wrong += self.moved()
                return count
        return None

    def moved(self) -> list[str]:
        """Tables and figures that are missing or not those of the undisturbed run, and a page that is not its own."""
        found = sums(self.folder)
        paths = [path for path in self.expected if found.get(path) != self.expected[path]]
        page = self.folder / PAGE
        stamps = [path.read_text() for path in page.parent.glob(f"{EXPERIMENT}.*.stamp")]
        if not page.is_file() or not any(_sha256(page) in stamp for stamp in stamps):
            paths.append(str(PAGE))
        return paths

    def processes(self) -> Iterator[int]:
        """The processes whose folder is this tree, the jobs of a killed head among them."""
        return running.processes(self.folder)

    def jobs(self) -> list[int]:
        """Those of them that compute a result."""
        return [process for process in self.processes() if b"\0--experiment\0" in _command(process)]

    def kill_all(self) -> None:
        """End everything that runs in this tree."""
        running.kill_all(self.folder)

    def wait_for_orphans(self) -> None:
        """Wait until nothing runs in this tree."""
        end = time.monotonic() + PATIENCE
        while list(self.processes()) and time.monotonic() < end:
            time.sleep(0.05)

    def forget_tables(self) -> None:
        """Remove tables, report and page, so that they are made again."""
        shutil.rmtree(self.folder / TABLES, ignore_errors=True)
        shutil.rmtree(self.folder / REPORT, ignore_errors=True)
        for path in (self.folder / PAGE.parent).glob(f"{EXPERIMENT}.*"):
            path.unlink()


Fault = Callable[[Campaign, random.Random], str]  # disturbs a campaign as a generator draws, and tells how


def undisturbed(home: Path) -> Campaign:
    """A finished run."""
    tree = trees.plant(home / "undisturbed")
    path = tree / "params/experiments" / f"{EXPERIMENT}.yaml"
    smaller = re.sub(r"(?m)^methods: .*", f"methods: {METHODS}", path.read_text())
    smaller = re.sub(r"(?m)^  (stbp|tandem|ltl_offline): .*\n", "", smaller)
    path.write_text(smaller.replace("{epochs: 1}}", f"{{epochs: {EPOCHS}}}}}"))
    campaign = Campaign(tree, {})
    if campaign.run() or campaign.run(SUMMARY):
        raise SystemExit(f"error: the undisturbed run failed: {campaign.messages[-1]}")
    return Campaign(tree, sums(tree))


def copy(original: Campaign, folder: Path) -> Campaign:
    """A copy of a finished run, with its times."""
    shutil.copytree(original.folder, folder, symlinks=True, dirs_exist_ok=True)
    return Campaign(folder, original.expected)


def sums(tree: Path) -> dict[str, str]:
    """The sha256 of every table, page and figure but those about costs, by path."""
    found = (path for folder in (TABLES, REPORT) for path in (tree / folder).glob("*") if not path.is_dir())
    return {str(path.relative_to(tree)): _sha256(path) for path in found if not path.name.endswith(COSTS)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _message(text: str) -> str:
    """The line of an output that tells what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("error: ")] or [line for line in lines if "rror" in line]
    return (telling or lines or ["no word"])[-1]
