"""What one job of the workflow does around its computing: check the plan, read, compute, and put results in place.

Results are made in a folder aside and renamed one by one, the file that proves the result last. Beside them lie
params.json (resolved parameters, what entered the digest), provenance.json (who, where, with what, at what cost) and
sha256.json (of every file).
"""

import contextlib
import ctypes
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn import files, params, provenance
from snn.errors import InputError
from snn.grid import Grid
from snn.job import ACCOMPANYING, Job
from snn.jobs import Calibrate, Evaluate, Figures, Prepare, Tables, Train

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def execute(stage: str, experiment: str, folder: Path) -> None:
    """Do the job of an experiment that has this folder. Raises InputError, PlanChanged."""
    job = Grid(experiment).find(stage, folder)
    aside = folder / f".{stage}.partial"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        files.make_folder(aside)
        RUN[stage](job, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _prepare(job: Prepare, out: Path) -> None:
    from snn import datasets

    loader = params.load_plugin("datasets", job.dataset.loader, job.name)
    _finish(job, out, lambda: datasets.run(job, loader, out))


def _train(job: Train, out: Path) -> None:
    device = _torch(job)
    from snn import checkpoint, train

    _finish(job, out, lambda: train.run(job, _rule(job), device, out), device)
    checkpoint.remove(job.folder)


def _calibrate(job: Calibrate, out: Path) -> None:
    device = _torch(job.run)
    from snn import hardware

    _finish(job, out, lambda: hardware.run(job, device, out), device)


def _evaluate(job: Evaluate, out: Path) -> None:
    device = _torch(job.run)
    from snn import evaluate

    _finish(job, out, lambda: evaluate.run(job, device, out), device)


def _tables(job: Tables, out: Path) -> None:
    from snn import tables

    tables.run(job, out)
    _stamp(job, out)


def _figures(job: Figures, out: Path) -> None:
    from snn import figures

    verify_tables(job.tables)
    figures.run(job, out)
    _stamp(job, out)


RUN: dict[str, Callable[[Any, Path], None]] = {
    "prepare": _prepare,
    "train": _train,
    "calibrate": _calibrate,
    "evaluate": _evaluate,
    "tables": _tables,
    "figures": _figures,
}


def _rule(job: Train) -> Any:
    return params.load_plugin("rules", job.method.rule, job.method_name).Rule(job.method.options)


def _torch(run: Train) -> Any:
    """Import torch, fix its threads, choose the device: auto is cuda where there is one, else the CPU; mps only by
    name.
    """
    from snn.lazy import warm_torch

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


def _finish(job: Job, out: Path, compute: Callable[[], dict[str, Any]], device: Any = "cpu") -> None:
    """Compute into `out` from what parents recorded, then put results and their company in place."""
    read = {path: files.recorded(path) for path in job.inputs} if job.parents else {}
    start_cpu, start = time.process_time(), time.perf_counter()
    facts = compute()
    cost = {
        "device": _device_name(device),
        "start_cpu_seconds": start_cpu,
        "cpu_seconds": time.process_time() - start_cpu,
        "seconds": time.perf_counter() - start,
        "peak_mb": _peak_mb(),
    }
    parents = {role: read[parent.proof] for role, parent in job.parents.items()}
    files.write_json(out / "params.json", {"stage": job.stage, "digest": job.digest, **job.document})
    files.write_json(out / "provenance.json", {**provenance.stamp(), "cost": cost, "facts": facts, "parents": parents})
    put(job, out)


def put(job: Job, aside: Path) -> None:
    """Record the sum of every file of a result that was made aside, and rename them into place, the proof last."""
    names = [name for name in (*ACCOMPANYING, *job.results) if name != "sha256.json"]
    files.write_json(aside / "sha256.json", {name: files.sha256(aside / name) for name in names})
    for name in (*ACCOMPANYING, *job.results):
        files.move(aside / name, job.folder / name)


def _stamp(job: Tables | Figures, out: Path) -> None:
    """Put tables or figures in place, the stamp that names what they were made from last."""
    for name in job.results:
        files.move(out / name, job.folder / name)
    for old in job.folder.glob("*.stamp"):
        files.remove(old)
    files.write_json(job.stamp_file, {name: files.sha256(job.folder / name) for name in job.results})


def verify_tables(job: Tables) -> None:
    """Compare tables with their stamp; raises InputError naming the first that is not the file that was made."""
    again = f"remove it and run make reproduce EXPERIMENT={job.name}"
    files.verify_stamp(job.stamp_file, job.results, again)


def _device_name(device: Any) -> str:
    if getattr(device, "type", "cpu") != "cuda":
        return str(device)
    import torch

    return torch.cuda.get_device_name(device)


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
