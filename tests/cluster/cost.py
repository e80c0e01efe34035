"""CPU-seconds of a part of `matched` through Slurm, beside a local run: all processes, heads and Slurm's own included.

    python -m tests.cluster.cost [--rounds 3]

Both run once a round, in trees of their own that have costs on record as a clone has; the first of a round alternates.
The kernel counts the time of a control group (cgroup v1, `cpuacct`), which every process inherits. Needs root on Debian
as `tests.cluster` does. Exit status 1 if tables differ.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from snn.core.paths import ROOT
from tests.cluster import campaign, node

GROUPS = Path("/sys/fs/cgroup/cpuacct")
EXPERIMENT = "matched"
PART = {"seeds": "[0, 1, 2, 3]", "tuning_seeds": "[100, 101]", "learning_rates": "[3.0e-3, 1.0e-2, 3.0e-2, 1.0e-1]"}
LOCAL, SLURM = "local", "Slurm"


class Group:
    """A control group of processes; this process and what it starts are in the one that was entered last."""

    def __init__(self, name: str):
        self._folder = GROUPS / f"spikeledger-{name}"
        self._folder.mkdir(exist_ok=True)

    def enter(self) -> None:
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self) -> float:
        """The CPU-seconds of all its processes so far."""
        return int((self._folder / "cpuacct.usage").read_text()) / 1e9


def main() -> int:
    """Print a line per round and the median; returns 1 if tables differ, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    place, groups = Path(tempfile.mkdtemp(prefix="cost-")), {name: Group(name) for name in (LOCAL, SLURM)}
    tree, ratios, equal = planted(place / "tree"), [], True
    node.install()
    groups[SLURM].enter()  # where Slurm's own processes begin
    with node.Node(place / "slurm", accounting=False):
        for i in range(rounds):
            spent, sums = {}, {}
            for name in (LOCAL, SLURM) if i % 2 == 0 else (SLURM, LOCAL):
                copy = shutil.copytree(tree, place / f"{name}{i}")
                groups[name].enter()
                before = groups[name].seconds()
                submissions = run(name, copy)
                spent[name], sums[name] = groups[name].seconds() - before, campaign.sums(copy, EXPERIMENT)
                told = f"{submissions} submissions" if name == SLURM else ""
            groups[SLURM].enter()
            ratios.append(spent[SLURM] / spent[LOCAL])
            equal &= sums[LOCAL] == sums[SLURM]
            numbers = ", ".join(f"{name} {seconds:.0f} CPU-s" for name, seconds in spent.items())
            print(f"round {i + 1}: {numbers}, {ratios[-1]:.3f}; {told}", flush=True)
    print(f"median {statistics.median(ratios):.3f}; tables {'equal' if equal else 'DIFFER, see ' + str(place)}")
    if equal:
        shutil.rmtree(place)
    return 0 if equal else 1


def planted(tree: Path) -> Path:
    """The project with a part of the experiment, and with costs on record, by which packs are made."""
    campaign.plant(tree, None)
    path = tree / f"params/experiments/{EXPERIMENT}.yaml"
    text = path.read_text()
    for key, value in PART.items():
        text, number = re.subn(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        assert number == 1, key
    path.write_text(text)
    for costs in (ROOT / "results/tables").glob("*/costs.csv"):
        (tree / costs.relative_to(ROOT)).parent.mkdir(parents=True)
        shutil.copy(costs, tree / costs.relative_to(ROOT))
    return tree


def run(name: str, tree: Path) -> int:
    """Make all tables; returns the number of submissions."""
    if name == LOCAL:
        campaign.local(tree, *campaign.TABLES, experiment=EXPERIMENT)
        return 0
    head = campaign.Head(tree, experiment=EXPERIMENT)
    assert head.end() == 0, f"the head failed, see {head.log}"
    return len(head.jobs())


if __name__ == "__main__":
    sys.exit(main())
