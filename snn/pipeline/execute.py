"""Run one job: find it in the plan, compute in a temporary folder, move the files into place.

The file that proves the result is moved last. Beside the results are params.json (the resolved parameters that entered
the digest), provenance.json (who, where, with what, at what cost) and sha256.json (of every file).
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
from snn.pipeline.job import Job
from snn.pipeline.jobs import Calibrate, Evaluate, Prepare, Train
from snn.pipeline.plan import Plan
from snn.pipeline.record import TablesOnRecord
from snn.pipeline.results import finish, stamp, verify_stamped
from snn.pipeline.stamped import Collect, Report
from snn.rules import Task

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def execute(stage: str, experiment: str, folder: Path, observer: Observer = TERMINAL) -> None:
    """Run the job of an experiment that has this folder.

    Raises InputError; PlanChanged if the folder was planned with other parameters or code; Stopped if the observer
    stopped a training.
    """
    _run(Plan(experiment).find(stage, folder), observer)


def report_from_tables(experiment: str) -> Path:
    """Make the report of an experiment from its collected tables in this checkout, whichever code collected them.

    Needs no run. Returns the folder of the report. Raises InputError if the tables do not match their stamp, or lack a
    column that today's code reads.
    """
    plan, tables = Plan(experiment), TablesOnRecord(experiment)
    _run(plan.report.of(tables.collected_digest), TERMINAL)
    return plan.report.folder


def _run(job: Job, observer: Observer) -> None:
    partial = job.folder / f".{job.stage}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        files.make_folder(partial)
        RUN[job.stage](job, partial, observer)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
    from snn.evaluation import conditions, evaluate

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
    found = [conditions.Calibrated(calibration.design, calibration.proof) for calibration in job.calibrations]
    finish(job, out, lambda: evaluate.run(subject, found, job.steps_eval, device, out, observer), device)


def _collect(job: Collect, out: Path, observer: Observer) -> None:
    write_tables(job, out)
    stamp(job, out)


def _report(job: Report, out: Path, observer: Observer) -> None:
    write_report(job, out)
    stamp(job, out)


def write_tables(job: Collect, out: Path) -> None:
    """Write the collected tables of a job into a folder; raises InputError naming a file that was altered."""
    from snn.report.collect import collect

    collect(job.evaluated, job.learning_rates, out)


def write_report(job: Report, out: Path) -> None:
    """Write the report of a job into a folder, from the collected tables in this checkout.

    Raises InputError if the tables do not match their stamp, or lack a column that today's code reads.
    """
    from snn.report import write
    from snn.report.collected import collected

    verify_stamped(job.collect, job.parent_digests["collect"])
    write.write(job.inputs_of(collected(job.collect.folder)), out)


RUN: dict[str, Callable[[Any, Path, Observer], None]] = {
    "prepare": _prepare,
    "train": _train,
    "calibrate": _calibrate,
    "evaluate": _evaluate,
    "collect": _collect,
    "report": _report,
}


def _torch(run: Train) -> Any:
    """Import torch, set its threads, and choose the device of a run.

    `auto` is cuda if there is such a device, else the CPU; mps must be named. Raises InputError for a missing device.
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
    """Tell glibc to keep freed blocks of any size. Other C libraries are left alone.

    A block that is returned to the system and requested again costs a page fault per page. That took two fifths of the
    time of training on N-MNIST.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
