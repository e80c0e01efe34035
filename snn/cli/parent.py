"""The warm parent: a process that has imported torch and planned the experiment, and forks a child for every job.

A cold job spends more than a second of a processor on both. The head of a workflow starts the parent; `python -m snn`
asks it before anything is imported. The parent takes a command only if a child would find what a cold job finds: the
same files in snn and params as when they were imported, the same program, folder, environment, limits. Else the command
runs cold. So it does without a parent, or if the parent is lost. Linux only.

Who ends whom: the parent ends after its head, once no child is left. A child is killed with its client or its parent.
A client whose parent is killed runs cold after the child has ended, since both hold the other end of its socket.
"""

import contextlib
import ctypes
import gc
import hashlib
import importlib
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from snn.cli import main
from snn.cli.warm import FORWARDED, VARIABLE, peer
from snn.core.lazy import late_in, warm_torch
from snn.core.paths import ROOT
from snn.pipeline.plan import Plan

STAGES = ("train", "tune", "calibrate", "evaluate")  # whose jobs import torch
WORTH = 3  # such jobs; fewer are done as soon without a parent
LIBRARIES = ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")
THREADS = (*(f"{name}_NUM_THREADS" for name in LIBRARIES), "VECLIB_MAXIMUM_THREADS")  # Snakemake sets them for jobs
FREE = {"_", "SHLVL", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "TEMPDIR"}  # no library reads them at its import
INHERITED = ("Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "CapEff", "NoNewPrivs", "Seccomp", "Cpus_allowed")
PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def start(plan: Plan, workflow: Any) -> None:
    """Start the parent of a workflow, if Snakemake runs enough jobs with torch here, each with one thread."""
    if workflow.is_main_process and workflow.local_exec and not workflow.touch:
        start_for(plan, [job.rule.name for job in workflow.dag.needrun_jobs()])


def start_for(plan: Plan, stages: Iterable[str]) -> None:
    """Start the parent of the jobs of these stages, if they are enough."""
    if not forks(plan, stages):
        return
    name = f"spikeledger-{os.getpid()}-{secrets.token_hex(8)}"
    os.environ[VARIABLE] = name
    end, _ = os.pipe()  # the head never closes the other end: it is closed when the head has ended
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        command = [sys.executable, "-m", "snn.cli.parent", plan.name, str(listener.fileno()), str(end)]
        subprocess.Popen(
            command,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            pass_fds=(listener.fileno(), end),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    os.close(end)


def forks(plan: Plan, stages: Iterable[str]) -> bool:
    """Whether jobs of these stages get a parent here: they are enough, have one thread each, and the kernel can."""
    return sum(stage in STAGES for stage in stages) >= WORTH and plan.experiment.threads == 1 and _possible()


def _possible() -> bool:
    """Whether this is Linux 5.3 or newer."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def sums() -> dict[str, bytes]:
    """The sha256 of every file in snn and params."""
    paths = (path for top in ("snn", "params") for path in (ROOT / top).rglob("*") if "__pycache__" not in path.parts)
    return {str(path): hashlib.sha256(path.read_bytes()).digest() for path in paths if path.is_file()}


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    entries = os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes()).split("\0")
    return {name: value for name, _, value in (entry.partition("=") for entry in entries if entry)}


def circumstances(pid: int) -> dict[str, Any]:
    """What a process passes on to a child, and what a library may read when it is imported; `command` apart."""
    here = Path("/proc", str(pid))
    status = dict(line.split(":", 1) for line in (here / "status").read_text().splitlines())
    return {
        "program": (here / "exe").readlink(),
        "folder": (here / "cwd").readlink(),
        "limits": (here / "limits").read_text(),
        "group": (here / "cgroup").read_text(),
        "priority": os.getpriority(os.PRIO_PROCESS, pid),
        "environment": {name: value for name, value in environment(pid).items() if name not in FREE},
        **{name: status.get(name) for name in INHERITED},
    }


class Child(NamedTuple):
    """A job that runs: its process, a descriptor that is readable when it has ended, and the socket of its client."""

    pid: int
    ended: int
    client: socket.socket


class Parent:
    """Takes commands from `listener` until `head` is at its end, a descriptor; then waits for its children."""

    def __init__(self, listener: socket.socket, head: int):
        self._listener, self._head = listener, head
        self._pid, self._own, self._sums = os.getpid(), circumstances(os.getpid()), sums()
        self._poll = selectors.DefaultSelector()
        self._poll.register(listener, selectors.EVENT_READ, self._accept)
        self._poll.register(head, selectors.EVENT_READ, self._close)

    def import_all(self, experiment: str) -> bool:
        """Import what jobs import, and fill the caches of plans; whether it is safe to fork afterwards."""
        warm_torch()
        plan = Plan(experiment)
        plan.check()
        jobs = [job for job in plan.jobs.values() if job.stage in STAGES]
        for module in map(importlib.import_module, sorted({name for job in jobs for name in job.modules})):
            for name in late_in(module):
                importlib.import_module(name)
        gc.freeze()
        return len(list(Path("/proc/self/task").iterdir())) == 1 and sums() == self._sums

    def serve(self) -> None:
        """Run commands until the head and all children have ended.

        A signal that a scheduler sends to all processes of a job is for the children, who end after their epoch.
        """
        heard = [number for number in FORWARDED if signal.getsignal(number) != signal.SIG_IGN]
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in heard}
        while self._poll.get_map():
            ready = [key for key, _ in self._poll.select()]
            for key in sorted(ready, key=lambda key: key.data == self._take):  # who has ended comes before who starts
                if key in self._poll.get_map().values():  # nobody before it in this list has removed it
                    key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        self._poll.register(listener.accept()[0], selectors.EVENT_READ, self._take)

    def _close(self, head: int) -> None:
        """The head has ended: take no more commands, not even of a client that is connected and silent."""
        self._poll.unregister(head)
        for key in [key for key in self._poll.get_map().values() if key.data == self._take]:
            self._poll.unregister(key.fileobj)
            os.close(key.fd)
        self._poll.unregister(self._listener)
        self._listener.close()

    def _take(self, client: socket.socket) -> None:
        """Fork a child for a command, or refuse it by closing the socket."""
        self._poll.unregister(client)
        files: list[int] = []
        try:
            files = socket.recv_fds(client, 16, 3)[1]
            arguments = self._arguments(client) if len(files) == 3 else None
            pid = os.fork() if arguments is not None else None
        except (OSError, ValueError):  # the client has ended, or there is no room for another process
            pid = None
        if pid == 0 and arguments is not None:
            self._become(client, files, arguments)
        for file in files:
            os.close(file)
        if pid is None:
            client.close()
            return
        child = Child(pid, os.pidfd_open(pid), client)
        self._poll.register(client, selectors.EVENT_READ, lambda _: self._hear(child))
        self._poll.register(child.ended, selectors.EVENT_READ, lambda _: self._reap(child))

    def _arguments(self, client: socket.socket) -> list[str] | None:
        """The arguments of the command of a client; None if it has to run cold."""
        pid, user = peer(client)
        python, *command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        alike = user == os.getuid() and python == sys.executable and command[:2] == ["-m", "snn"]
        return command[2:] if alike and circumstances(pid) == self._own and sums() == self._sums else None

    def _become(self, client: socket.socket, files: list[int], arguments: list[str]) -> NoReturn:
        """Run a command in this process, which was forked for it, and end with its status.

        The socket of the client stays open: the other end tells that this process has ended.
        """
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._pid:
            os._exit(1)
        for heard, handler in self._handlers.items():
            signal.signal(heard, handler)
        for key in list(self._poll.get_map().values()):
            os.close(key.fd)
        self._poll.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.environ |= environment(peer(client)[0])
        importlib.invalidate_caches()
        main.start(arguments)

    def _hear(self, child: Child) -> None:
        """Pass a signal on to a child, or end it since its client has ended."""
        try:
            number = int(child.client.recv(16) or signal.SIGKILL)
        except (OSError, ValueError):  # it has ended, or says what no client says
            number = signal.SIGKILL
        os.kill(child.pid, number)
        if number == signal.SIGKILL:
            self._reap(child)

    def _reap(self, child: Child) -> None:
        """Tell the client how its child has ended."""
        status = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        for file in (child.client, child.ended):
            self._poll.unregister(file)
        with contextlib.suppress(OSError):
            child.client.send(str(status).encode())
        child.client.close()
        os.close(child.ended)


def run(experiment: str, listener: str, head: str) -> None:
    """Be the parent of an experiment, with the descriptors that `start` passes on."""
    parent = Parent(socket.socket(fileno=int(listener)), int(head))
    if parent.import_all(experiment):
        parent.serve()


if __name__ == "__main__":
    run(*sys.argv[1:])
