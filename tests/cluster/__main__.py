"""Faults of a real Slurm of one node, which this installs, starts and stops.

Every case runs `smoke` through Slurm, the first as it is, the others with few samples, and compares the bytes of its
tables with those of a local run. Needs root on Debian, for packages and for /etc/slurm. Prints a table; exit status 1
if a case fails.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tabulate import tabulate

from tests.cluster import campaign, node
from tests.cluster.cases import CASES, EPOCHS, Outcome

HEADERS = ("accounts", "case", "submissions", "noticed s", "by hand", "wrong number", "message", "s")


def main() -> int:
    """Run the cases and print their table; returns 1 if one fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--accounts", choices=["yes", "no", "both"], default="both", help="whether slurmdbd runs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that Slurm is stopped
    place, rows = Path(tempfile.mkdtemp(prefix="cluster-")), []
    node.install()
    names = [name for name in CASES if name in options.cases or not options.cases]
    sources = {epochs: prepared(place, epochs) for epochs in {EPOCHS[name] for name in names}}
    for accounting in {"yes": [True], "no": [False], "both": [True, False]}[options.accounts]:
        with node.Node(place / f"slurm{accounting:d}", accounting) as slurm:
            for name in names:
                source, reference = sources[EPOCHS[name]]
                tree = shutil.copytree(source, place / f"{name}{accounting:d}")
                rows.append(run(name, tree, slurm, reference))
                print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
    print(f"\ncommit {campaign.code()}\n\n{tabulate(rows, HEADERS, 'github', floatfmt='.0f')}")
    if any(row[5] != "no" for row in rows):
        print(f"\nsee {place}")
        return 1
    shutil.rmtree(place)
    return 0


def prepared(place: Path, epochs: int | None) -> tuple[Path, dict[str, str]]:
    """A tree for cases with so many epochs, its data prepared, and the sums of the tables of a local run; None: as
    it is shipped, with nothing prepared.
    """
    tree = campaign.plant(place / f"prepared{epochs}", epochs)
    if epochs:
        campaign.local(tree, "--until", "prepare")
    reference = shutil.copytree(tree, place / f"reference{epochs}")
    campaign.local(reference, "--until", "collect")
    return tree, campaign.sums(reference)


def run(name: str, tree: Path, slurm: node.Node, reference: dict[str, str]) -> tuple[object, ...]:
    """A row of the table."""
    start, outcome, wrong = time.monotonic(), Outcome(0), "no"
    try:
        outcome = CASES[name](tree, slurm)
        if campaign.sums(tree) != reference:
            wrong = "YES"
    except Exception as error:
        traceback.print_exc()
        wrong, outcome = "no tables", Outcome(0, "unknown", None, f"{type(error).__name__}: {error}")
    finally:
        campaign.kill_all(tree)
    took = time.monotonic() - start
    accounts = "slurmdbd" if slurm.accounting else "none"
    return (accounts, name, outcome.submissions, outcome.noticed, outcome.hands, wrong, outcome.message, took)


sys.exit(main())
