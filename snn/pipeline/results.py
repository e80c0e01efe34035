"""Move a result into place file by file, the file that proves it last, with provenance and cost."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn.core import files
from snn.core.errors import remake
from snn.pipeline import provenance
from snn.pipeline.job import ACCOMPANYING, Job


def finish(job: Job, out: Path, compute: Callable[[], dict[str, Any]], device: Any = "cpu") -> None:
    """Compute a result in the folder `out`, add parameters, provenance and sums, and move all of it into place.

    `compute` returns facts for provenance.json; `device` is a torch device, or "cpu". What is made from a dirty result,
    or while the code changed, is dirty. Raises InputError naming an input whose sha256 is not the recorded one.
    """
    inputs = {path: files.recorded(path) for path in job.inputs} if job.parents else {}
    from_dirty = any(is_dirty(parent.folder) for parent in job.parents.values())
    made = provenance.current()  # before the code is used, and again afterwards: it may be edited meanwhile
    start_cpu, start = time.process_time(), time.perf_counter()
    facts = compute()
    cost = {
        "device": _device_name(device),
        "start_cpu_seconds": start_cpu,
        "cpu_seconds": time.process_time() - start_cpu,
        "seconds": time.perf_counter() - start,
        "peak_mb": _peak_mb(),
    }
    parents = {role: inputs[parent.proof] for role, parent in job.parents.items()}
    files.write_json(out / "params.json", {"stage": job.stage, "digest": job.digest, **job.document})
    changed = any(made[key] != value for key, value in provenance.code().items())
    made |= {"cost": cost, "facts": facts, "parents": parents, "dirty": made["dirty"] or from_dirty or changed}
    if not isinstance(device, str):
        arithmetic = provenance.arithmetic(device)
        made |= {"arithmetic": arithmetic, "machine": provenance.machine(arithmetic)}
    files.write_json(out / "provenance.json", made)
    put(job, out)


def put(job: Job, out: Path) -> None:
    """Record the sha256 of every file of a result in the folder `out`, and move all into place, the proof last."""
    names = [name for name in (*ACCOMPANYING, *job.results) if name != "sha256.json"]
    files.write_json(out / "sha256.json", {name: files.sha256(out / name) for name in names})
    for name in (*ACCOMPANYING, *job.results):
        files.move(out / name, job.folder / name)


def is_dirty(folder: Path) -> bool:
    """Whether a result was made by code that its commit does not hold, or from one that was."""
    return bool(files.read_json(folder / "provenance.json", remake(folder)).get("dirty", True))


def _device_name(device: Any) -> str:
    if getattr(device, "type", "cpu") != "cuda":
        return str(device)
    import torch

    return torch.cuda.get_device_name(device)


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
