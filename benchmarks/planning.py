"""Planning against the number of runs: a whole plan, what one job plans of it, and Snakemake's dry run.

    python -m benchmarks.planning [--rounds 5]

Processor time of a process, imports included, for experiments like `smoke` with nine methods and their teacher on 10,
100 and 1,000 seeds, without chips. "plan": every job with its digest. "one job": what a training job plans before it
computes. "Snakemake": a dry run of the workflow, which plans too. Ratios are to the same at the fewest runs, so that a
cost in proportion to runs shows as their ratio. Equality is the number of runs planned against that asked for. At most
three rounds.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import measure, workflows
from benchmarks.measure import Candidate, Row, Table

MOST_ROUNDS = 3
METHODS = ("stbp", "stbp_neunorm", "sdt", "tet", "tandem", "tandem_lif", "ltl_offline", "ltl_online", "conversion")
SEEDS = (10, 100, 1000)
EXPERIMENT = """base: smoke
source: a plan of many runs
methods: [{methods}]
hardware: []
seeds: [{seeds}]
"""
PLAN = "from snn.pipeline.plan import Plan; plan = Plan('{name}'); plan.check(); assert len(plan.runs) == {runs}"
JOB = """
from pathlib import Path
from snn.pipeline.plan import Plan
folder = Path(r'{folder}')
Plan('{name}', folder).find('train', folder)
"""
FOLDER = "from snn.pipeline.plan import Plan; print(Plan('{name}').students[-1].folder)"
SNAKEMAKE = "from snakemake.cli import main; main(['-n', '--quiet', 'all', '--config', 'experiment={name}'])"


def rows(rounds: int) -> Iterator[Row]:
    """A table for each of plan, one job and Snakemake, over the numbers of runs."""
    with tempfile.TemporaryDirectory() as folder:
        tree = workflows.copy(Path(folder, "tree"))
        for what, codes in commands(tree).items():
            before, found = measure.load(), {name: [] for name in codes}
            for i in range(min(rounds, MOST_ROUNDS)):
                for name in measure.rotated(list(codes), i):
                    found[name].append(workflows.seconds([sys.executable, "-c", codes[name]], tree))
            candidates = {name: Candidate(lambda: None) for name in codes}
            yield from Table("planning", what, None, next(iter(codes)), candidates, {}).filled(found, "CPU-s", before)


def commands(tree: Path, seeds: Sequence[int] = SEEDS) -> dict[str, dict[str, str]]:
    """The code of the processes, by what is planned and the number of runs."""
    found: dict[str, dict[str, str]] = {"plan": {}, "one job": {}, "Snakemake": {}}
    for number in seeds:
        name, runs = f"planned{number}", (1 + len(METHODS)) * number
        text = EXPERIMENT.format(methods=", ".join(METHODS), seeds=", ".join(map(str, range(number))))
        (tree / "params" / "experiments" / f"{name}.yaml").write_text(text)
        folder = workflows.output([sys.executable, "-c", FOLDER.format(name=name)], tree).strip()
        about = {"name": name, "runs": runs, "folder": folder}
        for what, code in {"plan": PLAN, "one job": JOB, "Snakemake": SNAKEMAKE}.items():
            found[what][f"{runs:,} runs"] = code.format(**about)
    return found


if __name__ == "__main__":
    measure.command("planning", rows, __doc__)
