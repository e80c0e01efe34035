"""The fused neuron on a GPU: launches the kernels of `gpu_kernels`, in Triton.

Only `neuron.engine` imports it, where tensors are on a GPU.
"""

import functools
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import triton
from torch import Tensor

from snn.model import gpu_kernels
from snn.model.layout import Layout, between_steps
from snn.model.spec import Neuron

BLOCK = 512  # neurons per program: four per thread, so that single precision moves 16 bytes at once
OPTIONS = {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": False}  # see `gpu_kernels`


class Triton:
    """See `neuron.Engine`."""

    name = "triton"

    def fire(self, neuron: Neuron, layout: Layout, steps: int, **tensors: Tensor | None) -> None:
        """Write spikes s, the membranes v_next, and u if it is given."""
        x = _found(tensors["x"])
        with torch.cuda.device_of(x):
            gpu_kernels.fire[_grid(layout)](
                **{name: tensors.get(name) for name in ("x", "v", "keep", "decay", "threshold", "s", "u", "v_next")},
                **_numbers(neuron, layout, steps, tensors),
                **OPTIONS,
            )

    def learn(
        self, neuron: Neuron, layout: Layout, steps: int, factors: Sequence[Tensor], **tensors: Tensor | None
    ) -> None:
        """Write the gradients g_x, and g_v_before if it is given."""
        g_x = _found(tensors["g_x"])
        summed = len(g_x) < steps
        with torch.cuda.device_of(g_x):
            gpu_kernels.learn[_grid(layout)](
                **{name: tensors.get(name) for name in ("x", "v", "keep", "decay", "threshold", "g_s", "g_v")},
                factors=tuple(factors) or None,
                g=layout.empty(steps) if summed else g_x,
                g_sum=g_x if summed else None,
                g_v_before=tensors.get("g_v_before"),
                g_stride=between_steps(tensors.get("g_s")),
                width=neuron.width,
                height=neuron.height,
                slope=-neuron.height / neuron.width,
                TRIANGLE=neuron.surrogate == "triangle",
                DETACH=neuron.detach_reset,
                **_numbers(neuron, layout, steps, tensors),
                **OPTIONS,
            )


TRITON = Triton()


@functools.cache
def engine() -> Triton | None:
    """The neuron in Triton; None where it cannot start, as without a C compiler, and on GPUs not of NVIDIA."""
    try:
        driver = triton.runtime.driver.active  # here it compiles what launches kernels
        return TRITON if driver.get_current_target().backend == "cuda" else None
    except (RuntimeError, AssertionError, ImportError, OSError, subprocess.SubprocessError):
        return None


def _found(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ValueError("x and g_x are always given")
    return tensor


def _grid(layout: Layout) -> tuple[int]:
    return (triton.cdiv(layout.neurons, BLOCK),)


def _numbers(neuron: Neuron, layout: Layout, steps: int, tensors: Mapping[str, Tensor | None]) -> dict[str, Any]:
    """Arguments of both kernels that are no tensors."""
    return {
        "steps": steps,
        "neurons": layout.neurons,
        "x_stride": between_steps(tensors["x"]),
        "nominal_decay": neuron.decay,
        "nominal_threshold": neuron.threshold,
        "TO_ZERO": neuron.reset == "zero",
        "AT": neuron.fires == "at",
        "SIZE": BLOCK,
    }
