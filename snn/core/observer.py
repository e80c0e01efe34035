"""What a computation reports while it runs, and what it asks. None of it reaches a number, or a digest. No torch.

A stage takes an `Observer` as an argument. The default one writes on the terminal.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from snn.core.lazy import lazy

if TYPE_CHECKING:
    from tqdm import tqdm as Bar
tqdm = lazy("tqdm")


class Progress:
    """How far a piece of work has come; to be used in a `with` statement. This one shows nothing."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def step(self, line: str = "") -> None:
        """One more unit is done; `line` says how it went."""


class Observer:
    """Shows nothing and lets everything run to its end: the base of all observers."""

    def progress(self, total: int, unit: str, done: int = 0, title: str = "") -> Progress:
        """A piece of work starts or resumes: of `total` units, `done` are finished."""
        return Progress()

    def result(self, line: str) -> None:
        """One line about a result."""

    def warning(self, line: str) -> None:
        """One line about a problem that does not stop the computation."""

    def stop_requested(self) -> bool:
        """Whether a training is to stop; asked after every epoch, whose checkpoint is then kept."""
        return False

    def checkpoint_now(self) -> bool:
        """Whether a training is to write a checkpoint; asked after every epoch."""
        return True


class Terminal(Observer):
    """Lines on standard output, and a bar on standard error where that is a terminal, else a line for every step that
    says something.
    """

    def progress(self, total: int, unit: str, done: int = 0, title: str = "") -> Progress:
        """A bar that starts at `done`."""
        return _Shown(total, unit, done, title)

    def result(self, line: str) -> None:
        """The line itself."""
        _print(line)

    def warning(self, line: str) -> None:
        """The line, marked as a warning."""
        _print(f"warning: {line}")


class _Shown(Progress):
    def __init__(self, total: int, unit: str, done: int, title: str):
        self._total, self._unit, self._done = total, unit, done
        self._bar: Bar = tqdm.tqdm(total=total, initial=done, unit=unit, desc=title or None, disable=None)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()

    def step(self, line: str = "") -> None:
        self._done += 1
        if line and self._bar.disable:
            print(f"{self._unit} {self._done}/{self._total}  {line}", flush=True)
        elif line:
            self._bar.set_postfix_str(line, refresh=False)
        self._bar.update()


def _print(line: str) -> None:
    """A line that does not run into the bars."""
    with tqdm.tqdm.external_write_mode(sys.stdout):
        print(line, flush=True)


TERMINAL = Terminal()
