"""Products in bfloat16 on a CPU: without instructions for them torch computes them many times slower. No torch."""

import os
from pathlib import Path

from snn.pipeline import gpus
from snn.pipeline.plan import Plan

FLAGS = {"avx512_bf16": "bf16", "amx_bf16": "amx", "bf16": "bf16"}  # of x86 and, the last one, of ARM
LIMITS = "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"  # variables of oneDNN, and their values without such instructions
WITHOUT = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
CPUINFO = Path("/proc/cpuinfo")


def instructions() -> list[str] | None:
    """What multiplies bfloat16 in this processor: "amx", "bf16", both or none; None where the system does not tell.

    None of them where the environment keeps oneDNN from using them.
    """
    if any(os.environ.get(name, "").upper() in WITHOUT for name in LIMITS):
        return []
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return None
    told = (line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features")))
    flags = next(told, None)
    return None if flags is None else sorted({FLAGS[flag] for flag in flags if flag in FLAGS})


def warning(stage: str, plan: Plan) -> str:
    """A line for a training in bfloat16 on a CPU that has no instructions for it; else empty."""
    wanted = plan.experiment.precision == "bf16" and stage in ("train", "tune")
    on_cpu = plan.experiment.device == "cpu" or (plan.experiment.device == "auto" and not gpus.visible())
    if not wanted or not on_cpu or instructions() != []:
        return ""
    return "precision: bf16 is many times slower than float32 here: no instructions for bfloat16 can be used"
