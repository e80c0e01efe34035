"""Have the warm parent of a workflow run this command, if there is one. It imports nothing heavy. See `parent`."""

import contextlib
import os
import signal
import socket
import struct
import sys
from typing import NoReturn

VARIABLE = "SPIKELEDGER_WARM"  # the name of the parent's socket, in the environment of jobs
STDERR = 2
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


def run_warm() -> None:
    """End this process as the command ended in a child of the warm parent.

    Returns if the command has to run cold: there is no parent, it refuses, or it is lost. Then no child of it is left.
    """
    name = os.environ.get(VARIABLE)
    if not name or sys.platform != "linux":
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as parent:
        if parent.fileno() <= STDERR:  # a stream was closed, and the socket stands in its place
            return
        try:
            parent.connect(f"\0{name}")
            if peer(parent)[1] != os.getuid():
                return
            socket.send_fds(parent, [b"run"], [0, 1, 2])
        except OSError:
            return
        sent, status = _wait(parent)
    if status is None and sent:
        status = -sent[-1]
    if status is not None:
        _end(status)


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end of a socket."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def _wait(parent: socket.socket) -> tuple[list[int], int | None]:
    """The signals that were forwarded to the child, and its status: negative for a signal, None if it has none."""
    sent: list[int] = []

    def forward(number: int, _: object) -> None:
        sent.append(number)
        with contextlib.suppress(OSError):  # the child has ended already
            parent.send(str(number).encode())

    caught = [number for number in FORWARDED if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, forward) for number in caught}
    try:
        status = parent.recv(16)
    except OSError:
        status = b""
    for number, handler in before.items():
        signal.signal(number, handler)
    return sent, int(status) if status else None


def _end(status: int) -> NoReturn:
    """End as a process with this status."""
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status % 256)
