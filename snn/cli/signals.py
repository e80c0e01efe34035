"""An observer that stops a training when it is told to: a scheduler sends SIGTERM or SIGUSR1 before it kills."""

import signal
from types import FrameType

from snn.core.observer import Terminal

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class UntilSignal(Terminal):
    """The terminal; after one of these signals, a training stops at the end of its epoch and keeps its checkpoint.

    A signal that is ignored stays ignored. Handlers belong to the process: one observer per process.
    """

    def __init__(self) -> None:
        self._stop = False
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._hear)

    def stop_requested(self) -> bool:
        """Whether one of the signals has come."""
        return self._stop

    def _hear(self, number: int, _: FrameType | None) -> None:
        self._stop = True
