"""Pages made of rows by hand: an ANN and two rules, two seeds, chips, several steps."""

import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from snn import config
from snn.config import Claim, Side
from snn.page.write import Made, page
from snn.report.inputs import Inputs
from snn.report.write import write
from tests.report import test_figures
from tests.report_inputs import inputs

METHODS = ["a", "b"]
MARKUP = "<script>alert(1)</script> & more"
SIDES = {"left": Side(method="a"), "right": Side(method="b")}
CLAIM = Claim(
    claim="A is no worse than b",
    source="by hand",
    why="by hand",
    answered_by="x",
    column="value_test",
    margin=-0.01,
    **SIDES,
)
COST = {
    "cpu_seconds": 2.0,
    "seconds": 3.0,
    "start_cpu_seconds": 0.1,
    "peak_mb": 100.0,
    "device": "cpu",
    "commit": "c" * 40,
    "dirty": False,
    "versions": "python=3",
    "platform": "Linux",
    "machine": "AVX2",
    "parents": "",
}


def digest(method: str, seed: int) -> str:
    """The digest of a run that was made up."""
    return f"{METHODS.index(method) + 1 if method in METHODS else 0}{seed}".rjust(12, "d")


def rows(metric: str = "accuracy", noises=("mismatch",)) -> Inputs:
    """Inputs with everything that a page reads."""
    made = test_figures.prepared(METHODS, metric=metric, noises=noises)
    runs = made.collected["runs"]
    runs = runs.assign(digest=[digest(*key) for key in zip(runs.method, runs.seed, strict=True)])
    runs = runs.assign(acs=runs.acs * (1 + runs.method.map(["ann", *METHODS].index)))  # so that energies differ
    runs = runs.assign(spikes=runs.spikes.where(runs.method != "ann", 0.0))
    pairs = runs[["method", "seed"]].drop_duplicates().itertuples()
    costs = [{"path": f"results/runs/d/n/{m}/T4/s{s}-{digest(m, s)}", **COST} for _, m, s in pairs]
    layers = made.collected["layers"].assign(kind="conv", shape="2x2", sparsity=0.9)
    collected = {**made.collected, "costs": pd.DataFrame(costs), "layers": layers}
    return inputs(
        runs,
        collected={name: table for name, table in collected.items() if name != "runs"},
        methods=tuple(METHODS),
        source=f"our choice; {MARKUP}",
        claims=config.Claims(source="none", claims=(CLAIM,)),
    )


@cache
def report(**changes) -> dict[str, bytes]:
    """The files of the report of such inputs, each drawn once."""
    with tempfile.TemporaryDirectory() as home:
        write(rows(**changes), Path(home))
        return {path.name: path.read_bytes() for path in Path(home).iterdir()}


def html(folder: Path, mark: str = "", **changes) -> str:
    """The page of such inputs; the tables of its report are written into `folder`."""
    given = rows(**changes)
    for name, content in report(**changes).items():
        (folder / name).write_bytes(content)
    documents = {digest("a", 0): {"steps": 4}}
    return page(
        given, folder, Made("0" * 12, "1" * 12, mark, documents, "conv 32, linear 10 as read-out; 1,000 parameters")
    ).html
