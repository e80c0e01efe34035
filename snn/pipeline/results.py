"""Results are put in place file by file, the file that proves them last, with who made them and at what cost."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snn.core import files
from snn.pipeline import provenance
from snn.pipeline.job import ACCOMPANYING, Job
from snn.pipeline.jobs import Stamped


def finish(job: Job, out: Path, compute: Callable[[], dict[str, Any]], device: Any = "cpu") -> None:
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


def stamp(job: Stamped, out: Path) -> None:
    """Put files that git holds in place, the stamp that names what they were made of last."""
    for name in job.results:
        files.move(out / name, job.folder / name)
    for old in job.folder.glob("*.stamp"):
        files.remove(old)
    files.write_json(job.stamp_file, {name: files.sha256(job.folder / name) for name in job.results})


def verify_stamped(job: Stamped, digest: str = "") -> None:
    """Compare files with their stamp; raises InputError naming the first that is not the file that was made.

    `digest`: that of the stamp, where it is not the job's own; other code may then have made other files.
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
