"""The highest memory of a training step, beside SpikingJelly and snnTorch.

    python -m benchmarks.memory [--rounds 5]

The networks and batches of `step`. Each figure is the peak of a process of its own: resident memory during one step,
minus that before it, after a step of a network with one step of time. Here freed blocks of 64 kB and more go back to
the system at once, so that the figure is what is needed; jobs of the product keep them, which costs memory and saves
time. At equal T the ratio is to SpikingJelly with the same norm, in the layout of memory that needs less; memory of a
rule at another T is a ratio to its own at T = 4. Peers see the image at every step, so they keep the inputs of T first
convolutions where ours keeps one. At most two rounds, since peaks hardly vary, with the load of the machine neither.
The results of these steps are compared in `step`.
"""

import argparse
import ctypes
import gc
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from benchmarks import measure, nets, peers
from benchmarks.measure import Candidate, Row, Table
from snn.core.errors import InputError
from snn.model.spec import Norm

PLAIN = {recipe.name: recipe for recipe in (nets.STBP, nets.LTL_OFFLINE, nets.LTL_ONLINE)}
NORMED = {recipe.name: recipe for recipe in (nets.STBP_NORM, nets.TET_NORM, nets.TANDEM)}
RECIPES = PLAIN | NORMED
BOUND = "ANN xT"
SPIKINGJELLY, SNNTORCH = peers.layouts(peers.SPIKINGJELLY), peers.layouts(peers.SNNTORCH)
SIDES = {"no norm": (nets.STBP, (*SPIKINGJELLY, *SNNTORCH)), "norm": (nets.STBP_NORM, SPIKINGJELLY)}
LONG, MOST_ROUNDS = 64, 2
TAME = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
CLEAR = Path("/proc/self/clear_refs")


def rows(rounds: int) -> Iterator[Row]:
    """At T = 4 and 16 against SpikingJelly, then growth with T."""
    if not CLEAR.exists():
        why = measure.NOT_HERE + "only Linux tells the peak of a process"
        yield Row("memory", "all", None, "ours", note=why, **measure.machine())
        return
    rounds = min(rounds, MOST_ROUNDS)
    for steps in (4, 16):
        for case, (recipe, names) in SIDES.items():
            absent = peers.missing(names)
            ours = [name for name in RECIPES if (name in NORMED) == (case == "norm")]
            here = [name for name in names if name not in absent]
            labels = {name: f"ours, {name}" for name in ours} | {name: name for name in (*here, BOUND)}
            references = [name for name in SPIKINGJELLY if name in here] or [f"ours, {recipe.name}"]
            yield from table(case, steps, labels, references, absent, rounds)
    for name, long in ((nets.STBP.name, 16), (nets.LTL_OFFLINE.name, 16), (nets.LTL_ONLINE.name, LONG)):
        yield from growth(name, long, rounds)


def table(
    case: str, steps: int, labels: dict[str, str], references: Sequence[str], absent: dict[str, str], rounds: int
) -> Iterator[Row]:
    """Megabytes of the candidates, by their names in the table, as ratios to the reference that needs least."""
    before, found = measure.load(), {label: [] for label in labels.values()}
    for i in range(rounds):
        for name in measure.rotated(list(labels), i):
            found[labels[name]].append(megabytes(name, case, steps))
    neuron = nets.STBP.rule().options.neuron
    candidates = {label: Candidate(lambda: None, model=model(name, neuron, case)) for name, label in labels.items()}
    least = min(references, key=lambda name: statistics.median(found[name]))
    yield from Table("memory", case, steps, least, candidates, absent).filled(found, "MB", before)


def model(name: str, neuron: object, case: str) -> str:
    """Either "same", for what does the work of the reference, or how it differs."""
    if name in (nets.STBP.name, nets.STBP_NORM.name):
        return "same"
    if name == BOUND:
        return "ANN"
    return "another rule" if name in RECIPES else peers.model(name, neuron, case == "norm")


def growth(name: str, long: int, rounds: int) -> Iterator[Row]:
    """Memory of a rule at many steps over that at four."""
    before, found = measure.load(), {f"T = {steps}": [] for steps in (4, long)}
    for _ in range(rounds):
        for steps in (4, long):
            found[f"T = {steps}"].append(megabytes(name, "", steps))
    candidates = {label: Candidate(lambda: None) for label in found}
    yield from Table("memory", f"growth, {name}", None, "T = 4", candidates, {}).filled(found, "MB", before)


def megabytes(name: str, case: str, steps: int) -> float:
    """The peak of a new process, in MB."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", name, "--case", case, "--steps", str(steps)]
    done = subprocess.run(command, env=os.environ | TAME, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError("memory", f"{name} failed: {done.stderr.strip()[-300:]}", "run it alone, with --one")
    return float(done.stdout)


def one(name: str, case: str, steps: int) -> float:
    """The peak of this process over one step, in MB."""
    torch.set_num_threads(1)
    prepared(name, case, 1)()  # what libraries keep for good
    do = prepared(name, case, steps)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text("5")  # the peak starts from here
    idle = _kilobytes("VmRSS")
    do()
    return (_kilobytes("VmHWM") - idle) / 1024


def prepared(name: str, case: str, steps: int) -> Callable[[], float]:
    """A training step, ready to run."""
    from benchmarks import step

    if name == BOUND:
        return nets.ann_step(nets.half_vgg11(), steps, Norm() if case == "norm" else None)
    if name in RECIPES:
        return nets.training(RECIPES[name], steps).step
    ours = nets.training(nets.STBP_NORM if case == "norm" else nets.STBP, steps)
    return step.step(peers.network(name, ours.student), ours.batch, step.loss_of(ours.rule))


def _kilobytes(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


if __name__ == "__main__":
    if "--one" in sys.argv:
        parser = argparse.ArgumentParser()
        parser.add_argument("--one", required=True)
        parser.add_argument("--case", default="")
        parser.add_argument("--steps", type=int, required=True)
        asked = parser.parse_args()
        print(one(asked.one, asked.case, asked.steps))
    else:
        measure.command("memory", rows, __doc__)
