"""An experiment that runs through Slurm: a copy of the project, its head, the jobs it submits, and what comes out."""

import getpass
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from snn.core import files
from snn.core.paths import ROOT
from tests import running, trees
from tests.cluster.node import output, wait

EXPERIMENT = "smoke"
SMALL = {  # few samples, and a training of so many epochs
    r"methods: .*": "methods: [stbp, tet]\ntrain_limit: 100\ntest_limit: 50",
    r"samples: 128": "samples: 50",
    r"stbp: \{training: \{epochs: 1\}\}": "stbp: {training: {epochs: {epochs}}}",
    r"\n  (tandem|ltl_offline|ltl_online): .*": "",
}
PROFILE = ("--workflow-profile", "profiles/slurm", "--seconds-between-status-checks", "5", "--latency-wait", "10")
TABLES = ("--until", "collect")
PATIENCE = 1800  # seconds; no case depends on time
SUBMITTED = re.compile(r"submitted with SLURM jobid (\d+)")


def plant(tree: Path, epochs: int | None) -> Path:
    """The project in a new folder; with `epochs`, its experiment has few samples and a training of so many."""
    trees.plant(tree)
    path = tree / "params/experiments" / f"{EXPERIMENT}.yaml"
    for pattern, change in SMALL.items() if epochs else ():
        path.write_text(re.sub(pattern, change.replace("{epochs}", f"{epochs}"), path.read_text()))
    return tree


def local(tree: Path, *arguments: str, experiment: str = EXPERIMENT) -> None:
    """Run the experiment in a tree without Slurm."""
    command = ("-m", "snakemake", "-c2", "--config", f"experiment={experiment}", *arguments)
    subprocess.run([sys.executable, *command], cwd=tree, check=True, capture_output=True)


def sums(tree: Path, experiment: str = EXPERIMENT) -> dict[str, str]:
    """The sha256 of every collected table; costs differ from run to run, and stamps hold the sums of all tables."""
    tables = sorted((tree / "results/tables" / experiment).iterdir())
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tables
        if path.name != "costs.csv" and path.suffix != ".stamp"
    }


def submissions_of(tree: Path) -> dict[Path, str]:
    """The Slurm job that made each run, chip and evaluation, by its folder."""
    paths = sorted(tree.glob("results/runs/**/provenance.json"))
    made = {path.parent.relative_to(tree): json.loads(path.read_text()).get("slurm", {}) for path in paths}
    return {folder: document.get("job", "none") for folder, document in made.items() if "tuning-" not in folder.name}


HEADS: "list[Head]" = []


def kill_all(tree: Path) -> None:
    """End whatever heads a failed case has left, their jobs, and what a node that was down has left in a tree."""
    for head in HEADS:
        if head.runs:
            head.kill()
    subprocess.run(["scancel", "--user", getpass.getuser()], capture_output=True)
    running.kill_all(tree)


class Head:
    """Snakemake in a tree, with its output in `log`."""

    def __init__(self, tree: Path, *arguments: str, experiment: str = EXPERIMENT):
        self.tree, self.log = tree, tree / "head.log"
        given = [*PROFILE, *(arguments or TABLES), "--config", f"experiment={experiment}"]
        self.command = [sys.executable, "-m", "snakemake", *given]
        HEADS.append(self)
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        with self.log.open("a") as file:
            self.process = subprocess.Popen(
                self.command, cwd=self.tree, stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def text(self) -> str:
        """What it has printed."""
        return self.log.read_text(errors="replace")

    def jobs(self) -> list[str]:
        """What it has submitted."""
        return SUBMITTED.findall(self.text())

    def wait_for_training(self, method: str) -> str:
        """Wait until a training of this method has a checkpoint; returns the id of the job that runs."""
        pattern = f"results/runs/*/*/{method}/T*/s*/{files.PROGRESS[0]}"
        self.wait_until("no checkpoint", lambda: any(self.tree.glob(pattern)))
        return self.jobs()[-1]

    def wait_for(self, text: str, seconds: float = PATIENCE) -> float:
        """Wait until it prints a text; returns the seconds that took."""
        start = time.monotonic()
        self.wait_until(f"no {text!r}", lambda: re.search(text, self.text()), seconds)
        return time.monotonic() - start

    def end(self, seconds: float = PATIENCE) -> int:
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as a full memory or a closed session does: at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def wait_until(self, what: str, condition, seconds: float = PATIENCE) -> None:
        """Wait until a condition holds while the head runs; raises TimeoutError naming `what`."""

        def over() -> bool:
            if condition():
                return True
            assert self.process.poll() is None, f"{what}: the head ended with {self.process.poll()}, see {self.log}"
            return False

        wait(what, over, seconds)


def state_of(job: str) -> str:
    """The state of a job as squeue tells it."""
    return output("squeue", "--jobs", job, "--states=all", "--noheader", "--format=%T")


def minutes_of(job: str) -> int:
    """How long a job has run, in whole minutes."""
    *_, hours, minutes, _ = ("0:0:" + output("squeue", "--jobs", job, "--noheader", "--format=%M")).split(":")
    return 60 * int(hours) + int(minutes)


def code() -> str:
    """The commit that is tested."""
    return output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
