"""What a job will cost: as earlier ones of its kind did, or else from network, data set and settings. No torch.

Requests to a cluster are made from it, with a wide margin. No number depends on it.
"""

import re
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

from snn.config import params
from snn.core import files, stored
from snn.core.errors import InputError
from snn.data import shapes
from snn.model.graph import sizes, with_readout
from snn.pipeline.job import Job, place
from snn.pipeline.jobs.calibrate import Calibrate
from snn.pipeline.jobs.evaluate import Evaluate
from snn.pipeline.jobs.train import Train
from snn.pipeline.plan import Plan

START = 1.0  # seconds of a processor before a job computes
SAMPLES = 60_000  # of a data set that was not prepared yet
MACS_PER_SECOND = {"cpu": 5e9, "gpu": 1e11}  # multiply-accumulates of small networks, batch by batch
TRAINING = 3  # a forward and backward pass, in forward passes
PROGRAM_MB, GPU_MB = 500.0, 3000.0  # torch, and what CUDA adds on the host
COPIES = 4  # weights, gradients, two moments; activations, states, their gradients, what the allocator keeps


class Cost(NamedTuple):
    """Expected seconds and the expected peak of memory in MB."""

    seconds: float
    megabytes: float


class Costs:
    """The expected costs of the jobs of an experiment.

    Costs on record count, those of the experiment itself before those of others, of which the highest counts.
    """

    def __init__(self, plan: Plan, tables: Path = Path("results/tables")):
        self._gpu = plan.experiment.device in ("cuda", "mps")
        self._program_mb = PROGRAM_MB + (GPU_MB if plan.experiment.device != "cpu" else 0)
        own = tables / plan.name / "costs.csv"
        self._recorded = _highest((path for path in tables.glob("*/costs.csv") if path != own), self._gpu)
        self._recorded |= _highest([own], self._gpu)
        dataset = plan.data.dataset
        layers = params.load("networks", plan.experiment.network).layers
        self._layers = sizes(dataset.input_shape, with_readout(layers, shapes.outputs(dataset)))
        self._samples = sum(_samples(plan).values())
        self._data_mb = self._samples * prod(shapes.sample_shape(dataset)) / 1e6

    def of(self, job: Job) -> Cost:
        """What a job of the experiment will cost."""
        recorded = self._recorded.get(_kind(job.place))
        return recorded or Cost(START + self._passes(job) * self._seconds_of_a_pass(job), self._megabytes(job))

    def _passes(self, job: Job) -> float:
        """Forward passes of one sample."""
        if isinstance(job, Train):
            return job.epochs * self._samples * (TRAINING + 0.2)
        if isinstance(job, Calibrate):
            chips, recipe = len(job.hardware.levels or job.noise.levels) * job.hardware.chips, job.hardware.calibration
            return chips * len(job.treatments) * recipe.epochs * (TRAINING * recipe.samples + 0.1 * self._samples)
        if isinstance(job, Evaluate):
            chips = sum(len(c.hardware.levels or c.noise.levels) * c.hardware.chips for c in job.calibrations)
            treatments = max((len(c.treatments) for c in job.calibrations), default=0)
            return (2 + chips * (1 + treatments)) * (1 + len(job.steps_eval)) * 0.3 * self._samples
        return 0.0

    def _seconds_of_a_pass(self, job: Job) -> float:
        run, macs = _run_of(job), sum(size.macs for size in self._layers)
        return macs * run.steps / MACS_PER_SECOND["gpu" if self._gpu else "cpu"] if run else 0.0

    def _megabytes(self, job: Job) -> float:
        run = _run_of(job)
        parameters = 4e-6 * sum(size.parameters for size in self._layers)
        outputs = 4e-6 * sum(prod(size.output_shape) for size in self._layers)
        batch = min(run.method.training.batch, self._samples) * run.steps if run else 0
        return self._program_mb + 2 * self._data_mb + COPIES * (parameters + batch * outputs)


def _run_of(job: Job) -> Train | None:
    """The run that a job makes or works on."""
    run = getattr(job, "run", job)
    return run if isinstance(run, Train) else None


def _kind(name: str) -> str:
    """The place of a job without its seed."""
    return re.sub(r"/s\d+-", "/s*-", name)


def _samples(plan: Plan) -> dict[str, int]:
    """Samples of each part of the data, as prepared, or as far as known before."""
    try:
        facts = files.read_json(plan.data.folder / "provenance.json", "")["facts"]
        return {str(part): int(number) for part, number in facts["samples"].items()}
    except (InputError, KeyError, TypeError, ValueError, AttributeError):
        return {"train": plan.data.dataset.train_limit or SAMPLES, "test": plan.data.dataset.test_limit or 0}


def _highest(tables: Iterable[Path], gpu: bool) -> dict[str, Cost]:
    """The highest costs on record per kind of job, on this kind of device."""
    found: dict[str, Cost] = {}
    for kind, cost in (row for path in tables for row in _rows(path, gpu)):
        before = found.get(kind, cost)
        found[kind] = Cost(max(cost.seconds, before.seconds), max(cost.megabytes, before.megabytes))
    return found


def _rows(path: Path, gpu: bool) -> Iterator[tuple[str, Cost]]:
    """The rows of a table of costs; none if it is missing or damaged, since an estimate needs no proof."""
    try:
        rows = stored.read_csv(path, "")
        for row in rows:
            if (row["device"] != "cpu") == gpu:
                seconds = float(row["seconds" if gpu else "cpu_seconds"])
                yield _kind(place(Path(row["path"]))), Cost(START + seconds, float(row["peak_mb"]))
    except (InputError, KeyError, ValueError):
        return
