"""What one job of the workflow does around its computing: check the plan, read, compute, and put results in place.

Results are made in a folder aside and renamed one by one, the file that proves the result last. Beside them lie
params.json (resolved parameters, what entered the digest), provenance.json (who, where, with what, at what cost) and
sha256.json (of every file).
"""

import contextlib
import ctypes
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn.config import params
from snn.core import files
from snn.core.errors import InputError
from snn.core.observer import TERMINAL, Observer
from snn.pipeline.jobs import Calibrate, Evaluate, Figures, Prepare, Tables, Train
from snn.pipeline.plan import Grid
from snn.pipeline.results import finish, stamp, verify_tables
from snn.rules import Task

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def execute(stage: str, experiment: str, folder: Path, observer: Observer = TERMINAL) -> None:
    """Do the job of an experiment that has this folder. Raises InputError, PlanChanged, Stopped."""
    job = Grid(experiment).find(stage, folder)
    aside = folder / f".{stage}.partial"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        files.make_folder(aside)
        RUN[stage](job, aside, observer)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _prepare(job: Prepare, out: Path, observer: Observer) -> None:
    from snn.data import prepare

    loader = params.load_plugin("data.loaders", job.dataset.loader, job.name)
    finish(job, out, lambda: prepare.run(job, loader, out, observer))


def _train(job: Train, out: Path, observer: Observer) -> None:
    device = _torch(job)
    from snn.training import checkpoint, loop

    data, teacher = job.data, job.teacher.proof if job.teacher else None
    setup = loop.Setup(
        rule=job.rule,
        task=Task(data.dataset.input_shape, data.dataset.outputs, job.network.layers, job.steps),
        training=job.method.training,
        init=job.method.init,
        augment=data.dataset.augment,
        seed=job.seed,
        folder=job.folder,
        digest=job.digest,
        start=job.start.file("student.safetensors") if job.start else None,
    )
    finish(job, out, lambda: loop.run(setup, data.training_file, teacher, device, out, observer), device)
    checkpoint.remove(job.folder)


def _calibrate(job: Calibrate, out: Path, observer: Observer) -> None:
    device = _torch(job.run)
    from snn.hardware import calibrate

    run, teacher = job.run, job.teacher.proof if job.teacher else None
    setup = calibrate.Setup(
        job.design, run.rule.teacher_percentile, run.seed, run.proof, run.data.training_file, teacher, job.digest
    )
    finish(job, out, lambda: calibrate.run(setup, device, out, observer), device)


def _evaluate(job: Evaluate, out: Path, observer: Observer) -> None:
    device = _torch(job.run)
    from snn.evaluation import evaluate

    run = job.run
    subject = evaluate.Subject(
        dataset=run.data.name,
        network=run.network_name,
        method=run.method_name,
        rule=run.method.rule,
        steps=run.steps,
        lr=run.method.training.lr,
        seed=run.seed,
        epochs=run.epochs,
        threads=run.threads,
        digest=run.digest,
        net=run.proof,
        training_data=run.data.training_file,
        test_data=run.data.test_file,
    )
    found = [evaluate.Calibrated(calibration.design, calibration.proof) for calibration in job.calibrations]
    finish(job, out, lambda: evaluate.run(subject, found, job.steps_eval, device, out, observer), device)


def _tables(job: Tables, out: Path, observer: Observer) -> None:
    from snn.report import tables

    tables.run(job, out)
    stamp(job, out)


def _figures(job: Figures, out: Path, observer: Observer) -> None:
    from snn.report import figures

    verify_tables(job.tables)
    figures.run(job, out)
    stamp(job, out)


RUN: dict[str, Callable[[Any, Path, Observer], None]] = {
    "prepare": _prepare,
    "train": _train,
    "calibrate": _calibrate,
    "evaluate": _evaluate,
    "tables": _tables,
    "figures": _figures,
}


def _torch(run: Train) -> Any:
    """Import torch, fix its threads, choose the device: auto is cuda where there is one, else the CPU; mps only by
    name.
    """
    from snn.core.lazy import warm_torch

    _keep_freed_memory()
    warm_torch()
    import torch

    torch.set_num_threads(run.threads)
    name = run.device if run.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if (name == "cuda" and not torch.cuda.is_available()) or (name == "mps" and not torch.backends.mps.is_available()):
        raise InputError("device", f"there is no {name} device here", "choose device: auto or cpu in the experiment")
    return torch.device(name)


def _keep_freed_memory() -> None:
    """Tell glibc to keep what is freed, blocks of any size: given back and asked for again, they cost a fault a page,
    which took two fifths of the time of training on N-MNIST. Other C libraries are left alone.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
