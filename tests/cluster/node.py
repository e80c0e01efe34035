"""A Slurm of one node on the loopback interface, with or without accounting, for tests. Debian, root, no systemd.

Debian's Slurm reads /etc/slurm/slurm.conf alone: with another place in SLURM_CONF, a job starts and its step finds no
configuration. What lies in /etc/slurm is set aside and put back. Every process that is started is stopped.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

CONFIGURATION = Path("/etc/slurm")
PACKAGES = ("slurm-wlm", "munge", "slurmdbd", "mariadb-server")
PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")
PORT = 13306  # of the database
HOST = socket.gethostname().partition(".")[0]
SLURM = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/d
SlurmctldPidFile={state}/ctld.pid
SlurmdPidFile={state}/d.pid
SlurmctldLogFile={state}/ctld.log
SlurmdLogFile={state}/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill,UsePss
JobAcctGatherFrequency=task=2
AccountingStorageType=accounting_storage/{accounting}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
MinJobAge={age}
KillWait=10
EnforcePartLimits=ALL
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=9
"""
ACCOUNTED = "AccountingStorageHost=127.0.0.1\n"
SLURMDBD = """
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
PidFile={state}/dbd.pid
LogFile={state}/dbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={port}
StorageUser=slurm
StoragePass=slurm
"""


def install() -> None:
    """Install what is missing, by apt."""
    if not all(map(shutil.which, PROGRAMS)):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ("apt-get update", "apt-get install --yes --no-install-recommends " + " ".join(PACKAGES)):
            subprocess.run(command.split(), check=True, env=environment, stdout=subprocess.DEVNULL)


def output(*command: str) -> str:
    """What a command prints; raises CalledProcessError."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wait(what: str, condition, seconds: float = 60) -> None:
    """Wait until a condition holds; raises TimeoutError naming it."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} after {seconds:g} s")
        time.sleep(0.1)


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def bring_back() -> None:
    """What an administrator does with a node that is down or drained."""
    update = ("scontrol", "update", f"NodeName={HOST}", "State=RESUME")
    usable = ("idle", "mix", "alloc")

    def back() -> bool:
        succeeds(*update)  # refused for a node that came back by itself
        return output("sinfo", "--noheader", "--partition=main", "--format=%t").startswith(usable)

    wait("no node", back)


class Node:
    """To be used in a `with` statement; `state`: an empty folder; `age`: seconds that squeue keeps an ended job for."""

    def __init__(self, state: Path, accounting: bool, age: int = 300):
        self.state, self.accounting, self.age = state.resolve(), accounting, age
        self._aside = self.state / "aside"

    def __enter__(self) -> Self:
        for name in ("ctld", "d"):
            (self.state / name).mkdir(parents=True)
        shutil.copytree(CONFIGURATION, self._aside)
        try:
            self._munge()
            self._configure()
            if self.accounting:
                self._accounting()
            self.start_controller()
            subprocess.run(["slurmd"], check=True)
            wait("no idle node", lambda: "idle" in output("sinfo", "--noheader", "--format=%t"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["scancel", "--user=root", "--signal=KILL", "--full"], capture_output=True)
        for name in ("d", "ctld", "dbd", "sql", "munge"):
            self._stop(name)
        shutil.rmtree(CONFIGURATION)
        shutil.copytree(self._aside, CONFIGURATION)

    def start_controller(self) -> None:
        """Start the controller, which reads what it has saved."""
        subprocess.run(["slurmctld"], check=True)
        wait("no controller", lambda: succeeds("scontrol", "ping"))

    def stop_controller(self) -> None:
        """Stop it; jobs run on."""
        self._stop("ctld")

    def _configure(self) -> None:
        memory = int(next(line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines())) // 1024 * 9 // 10
        values = {"host": HOST, "state": self.state, "cores": os.cpu_count(), "memory": memory, "age": self.age}
        text = SLURM.format(**values, accounting="slurmdbd" if self.accounting else "none")
        (CONFIGURATION / "slurm.conf").write_text(text + (ACCOUNTED if self.accounting else ""))
        (CONFIGURATION / "cgroup.conf").write_text("CgroupAutomount=no\n")
        hidden = CONFIGURATION / "slurmdbd.conf"
        hidden.write_text(SLURMDBD.format(state=self.state, port=PORT))
        hidden.chmod(0o600)

    def _munge(self) -> None:
        """Start munged with the key that Debian made, if none runs."""
        if succeeds("munge", "--no-input"):
            return
        for folder, mode in (("/run/munge", "755"), ("/var/log/munge", "700"), ("/var/lib/munge", "700")):
            subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "-m", mode, folder], check=True)
        subprocess.run(["su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged --force"], check=True)
        (self.state / "munge.pid").symlink_to("/run/munge/munged.pid")
        wait("no munge", lambda: succeeds("munge", "--no-input"))

    def _accounting(self) -> None:
        """Start a database of our own, and the daemon that keeps accounts in it."""
        data, log = self.state / "sql", self.state / "sql.log"
        given = ["--no-defaults", f"--datadir={data}", "--user=root"]
        output("mariadb-install-db", *given, "--auth-root-authentication-method=normal", "--skip-test-db")
        socket_, pid = f"--socket={self.state}/sql.sock", f"--pid-file={self.state}/sql.pid"
        where = [socket_, pid, "--bind-address=127.0.0.1", f"--port={PORT}"]
        with log.open("w") as file:
            subprocess.Popen(["mariadbd", *given, *where], stdout=file, stderr=file, start_new_session=True)
        client = ["mariadb", "--no-defaults", socket_, "--user=root", "--execute"]
        wait("no database", lambda: succeeds(*client, "select 1"))
        output(*client, "create user slurm@'127.0.0.1' identified by 'slurm'")
        output(*client, "grant all on *.* to slurm@'127.0.0.1'")
        subprocess.run(["slurmdbd"], check=True)
        wait("no accounts", lambda: succeeds("sacctmgr", "--noheader", "list", "cluster"))
        output("sacctmgr", "--immediate", "add", "cluster", "test")
        output("sacctmgr", "--immediate", "add", "account", "lab", "cluster=test")
        output("sacctmgr", "--immediate", "add", "user", "root", "account=lab")

    def _stop(self, name: str) -> None:
        path = self.state / f"{name}.pid"
        if not path.exists():
            return
        pid = int(path.read_text())
        try:
            os.kill(pid, signal.SIGTERM)
            wait(f"{name} runs on", lambda: not Path(f"/proc/{pid}").exists() or _zombie(pid))
        except ProcessLookupError:
            pass
        path.unlink(missing_ok=True)


def _zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
