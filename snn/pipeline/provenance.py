"""The code, libraries and machine that make a result. No torch until arithmetic is asked for."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import machinery, metadata
from pathlib import Path
from typing import Any

from snn.core.lazy import lazy
from snn.core.paths import ROOT

neuron, torch = lazy("snn.model.neuron"), lazy("torch")

CODE = ("snn", "params", "workflow", "Snakefile", "requirements.lock")
CHOSEN = ("ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")
SLURM = {"job": "SLURM_JOB_ID", "name": "SLURM_JOB_NAME", "node": "SLURMD_NODENAME", "gpus": "CUDA_VISIBLE_DEVICES"}
LIBRARIES = ("torch", "numpy", "safetensors", "scikit-learn", "pillow", "pandas", "scipy", "pydantic", "snakemake")


def current() -> dict[str, object]:
    """Commit, whether the code differs from it, versions and machine. None of it enters a digest."""
    return {
        **code(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
        **_submission(),
    }


def _submission() -> dict[str, object]:
    """Job, node and devices under Slurm; nothing elsewhere."""
    found = {name: os.environ[variable] for name, variable in SLURM.items() if variable in os.environ}
    return {"slurm": found} if "job" in found else {}


def arithmetic(device: Any) -> dict[str, object]:
    """What decides the last bits of a result beside code and versions, on a device of torch.

    Convolutions and sums add in an order that depends on the processor: a training repeated on another one ends in
    another network. Variables of the environment that choose instructions are recorded; with them, one machine repeats
    the results of another.
    """
    return {
        "host": platform.node(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "onednn": torch.backends.mkldnn.is_available(),
        "blas": "mkl" if torch.backends.mkl.is_available() else "other",
        "threads": torch.get_num_threads(),
        "neuron": neuron.name_of(device),
        "chosen": {name: os.environ[name] for name in CHOSEN if name in os.environ},
    }


def machine(found: Mapping[str, Any]) -> str:
    """The same in a line, without the host: equal lines give equal bits."""
    parts = [found[name] for name in ("processor", "instructions", "blas")]
    parts += ["onednn"] if found["onednn"] else []
    parts += [f"{found['threads']} threads", f"neuron {found['neuron']}"]
    return " ".join([*parts, *(f"{name}={value}" for name, value in found["chosen"].items())])


def _processor() -> str:
    """The name of the processor's model; that of its architecture where the system tells no other."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def code() -> dict[str, object]:
    """The commit, and whether the code here is dirty, which is to say another than the commit's.

    Code is what lies in `CODE`, and whatever in the root Python would import. It is dirty if a tracked file of it
    differs or is marked so that git does not look, or if there is an untracked one besides byte-code, be it ignored.
    If git cannot tell, it is dirty. It is not asked which job reads which file: an untracked experiment counts for all.
    """
    commit = _git("rev-parse", "HEAD")
    importable = [f":(literal){name}" for name in _importable()]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *CODE, *importable)
    added = _git("ls-files", "--others", "--exclude=__pycache__/", "--", *CODE, *importable)
    marked = _git("ls-files", "-v", "--", *CODE, *importable)
    unseen = marked is None or any(not line.startswith("H ") for line in marked.splitlines())
    return {"commit": commit or "unknown", "dirty": not commit or changed != "" or added != "" or unseen}


def _importable() -> list[str]:
    """Modules in the root, and what makes packages of folders there: they come before libraries of the same name."""
    endings = tuple(machinery.all_suffixes())
    packages = (path for path in ROOT.glob("*/__init__.*") if path.name.endswith(endings))
    modules = (path for path in ROOT.iterdir() if path.name.endswith(endings))
    return sorted(path.relative_to(ROOT).as_posix() for path in (*modules, *packages))


def _git(*arguments: str) -> str | None:
    """Output of a git command; None without git or outside of a repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
