"""What a job costs before it computes: imports beside those of peers, and a workflow with and without the warm parent.

    python -m benchmarks.startup [--rounds 5]

Processor time of all processes that a command starts. Imports: what a training job imports and plans, against a
process that imports torch alone; peers import what their training loop needs. Workflow: the experiment `smoke` from
nothing, data, training, chips, tables, report and page, 24 jobs of a second of work in all. "Cold" starts a process per
job that imports everything; "ours" forks jobs from a parent that has imported them (`snn/cli/parent.py`). Equality is
the number of collected tables whose bytes differ, costs apart. At most three rounds of the workflow.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import measure, peers, workflows
from benchmarks.measure import Candidate, Equality, Row, Table

MOST_ROUNDS = 3
TABLES = Path("results", "tables", "smoke")
TORCH, COLD = "python, torch", "cold"
JOB = "from snn.cli.parent import Plan; from snn.core.lazy import warm_torch; warm_torch(); Plan('smoke').check()"
IMPORTS = {
    "python": "pass",
    TORCH: "import torch",
    "ours": JOB,
    peers.SPIKINGJELLY: "from spikingjelly.activation_based import functional, layer, neuron, surrogate",
    peers.SNNTORCH: "import snntorch",
    peers.NORSE: "import norse.torch",
}
SMOKE = "from snakemake.cli import main; main(['--cores', '1', '--quiet', 'all', '--config', 'experiment=smoke'])"
WORKFLOWS = {"ours": SMOKE, COLD: f"import snn.cli.parent; snn.cli.parent.WORTH = 10**6; {SMOKE}"}


def rows(rounds: int) -> Iterator[Row]:
    """Imports, then the workflow."""
    yield from imports(rounds)
    yield from workflow(min(rounds, MOST_ROUNDS))


def imports(rounds: int) -> Iterator[Row]:
    """CPU-milliseconds of a process that imports."""
    before, absent = measure.load(), peers.missing((peers.SPIKINGJELLY, peers.SNNTORCH, peers.NORSE))
    here = {name: text for name, text in IMPORTS.items() if name not in absent}
    found: dict[str, list[float]] = {name: [] for name in here}
    for text in here.values():
        workflows.seconds([sys.executable, "-c", text])  # fills the cache of byte-code
    for i in range(rounds):
        for name in measure.rotated(list(here), i):
            found[name].append(1000 * workflows.seconds([sys.executable, "-c", here[name]]))
    candidates = {name: Candidate(lambda: None, model=_imports(name)) for name in here}
    yield from Table("startup", "imports", None, TORCH, candidates, absent).filled(found, "ms", before)


def _imports(name: str) -> str:
    return {"python": "nothing", TORCH: "torch", "ours": "all of a job, its plan"}.get(name, "its package")


def workflow(rounds: int) -> Iterator[Row]:
    """CPU-seconds of all processes of `smoke`."""
    before, found = measure.load(), {name: [] for name in WORKFLOWS}
    with tempfile.TemporaryDirectory() as folder:
        trees = {name: workflows.copy(Path(folder, name)) for name in found}
        for i in range(rounds):
            for name in measure.rotated(list(found), i):
                for made in ("results", ".snakemake", "data"):
                    shutil.rmtree(trees[name] / made, ignore_errors=True)
                found[name].append(workflows.seconds([sys.executable, "-c", WORKFLOWS[name]], trees[name]))
        equality = Equality(differing(*trees.values()), "tables differ")
    equality.check("startup, workflow")
    candidates = {name: Candidate(lambda: None, equality) for name in found}
    yield from Table("startup", "workflow", None, COLD, candidates, {}).filled(found, "CPU-s", before)


def differing(one: Path, other: Path) -> int:
    """How many collected tables of `smoke` differ; costs do always, and with them the stamp, which holds their sum."""
    tables = [{path.name: path.read_bytes() for path in (tree / TABLES).iterdir()} for tree in (one, other)]
    names = {name for table in tables for name in table if name != "costs.csv" and not name.endswith(".stamp")}
    return sum(tables[0].get(name) != tables[1].get(name) for name in names)


if __name__ == "__main__":
    measure.command("startup", rows, __doc__)
