"""Move results into place file by file, the file that proves them last, with provenance and cost."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn.core import files
from snn.pipeline import provenance
from snn.pipeline.job import ACCOMPANYING, Job
from snn.pipeline.stamped import StampedJob


def finish(job: Job, out: Path, compute: Callable[[], dict[str, Any]], device: Any = "cpu") -> None:
    """Compute a result in the folder `out`, add parameters, provenance and sums, and move all of it into place.

    `compute` returns facts for provenance.json; `device` is a torch device, or "cpu". Raises InputError naming an input
    whose sha256 is not the recorded one.
    """
    inputs = {path: files.recorded(path) for path in job.inputs} if job.parents else {}
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
    made = {**provenance.current(), "cost": cost, "facts": facts, "parents": parents}
    files.write_json(out / "provenance.json", made)
    put(job, out)


def put(job: Job, out: Path) -> None:
    """Record the sha256 of every file of a result in the folder `out`, and move all into place, the proof last."""
    names = [name for name in (*ACCOMPANYING, *job.results) if name != "sha256.json"]
    files.write_json(out / "sha256.json", {name: files.sha256(out / name) for name in names})
    for name in (*ACCOMPANYING, *job.results):
        files.move(out / name, job.folder / name)


def stamp(job: StampedJob, out: Path) -> None:
    """Move files that git keeps from the folder `out` into place, and replace their stamp last."""
    for name in job.results:
        files.move(out / name, job.folder / name)
    for old in job.folder.glob("*.stamp"):
        files.remove(old)
    files.write_json(job.stamp_file, {name: files.sha256(job.folder / name) for name in job.results})


def verify_stamped(job: StampedJob, digest: str = "") -> None:
    """Compare the files of a job with their stamp; raises InputError naming the first that differs or is missing.

    `digest` names the stamp of older code, which may have made other files; by default the stamp is the job's own.
    """
    again = f"remove it and run make reproduce EXPERIMENT={job.name}"
    names = job.results if digest in ("", job.digest) else ()
    files.verify_stamp(job.folder / f"{digest or job.digest}.stamp", names, again)


def _device_name(device: Any) -> str:
    if getattr(device, "type", "cpu") != "cuda":
        return str(device)
    import torch

    return torch.cuda.get_device_name(device)


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
