"""Compile `native.c` for this machine and call it: the fused neuron on a CPU.

The compiler is `cc`. A library is named by the hash of source and flags and lies in the environment, so a shared
environment holds one for every kind of CPU in use. Flags keep IEEE arithmetic in the written order, and vector width
changes no element, so all of them give the same bits. Without a compiler, `library` gives None and `neuron.fire` runs
the definition in `plain`.
"""

import contextlib
import ctypes
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from snn.core import files
from snn.core.errors import InputError
from snn.model.layout import Layout, between_steps
from snn.model.spec import Neuron

SOURCE = Path(__file__).with_suffix(".c")
# Without traps gcc may compute both sides of a comparison, hence several neurons at once; it changes no value.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fno-trapping-math", "-fPIC", "-shared")
VECTORS = {"AVX2": ("-mavx2",), "AVX512": ("-mavx2",)}  # by what torch finds in this CPU; wider ones gain nothing
REALS = {torch.float32: "float", torch.float64: "double"}
BLOCK = 128  # neurons that are walked together
SMALLEST_SHARE = 1 << 15  # numbers per thread below which a thread costs more than it saves


class Neurons(ctypes.Structure):
    """The struct `Neurons` of the source; missing pointers are null."""

    _fields_ = (
        *((name, ctypes.c_ssize_t) for name in ("steps", "neurons", "x_stride", "g_stride", "factors")),
        *((name, ctypes.c_int) for name in ("to_zero", "at", "triangle", "detach", "summed")),
        *((name, ctypes.c_double) for name in ("nominal_decay", "nominal_threshold", "width", "height", "slope")),
        *((name, ctypes.c_void_p) for name in ("x", "v", "keep", "decay", "threshold", "s", "u", "v_next")),
        *((name, ctypes.c_void_p) for name in ("g_s", "g_v", "factor", "g_x", "g_v_before")),
        *((name, ctypes.c_void_p) for name in ("target", "count", "square")),
        ("scale", ctypes.c_double),
    )


class Library:
    """The compiled neuron in one precision; see `neuron.Engine`."""

    name = "c"

    def __init__(self, path: Path, dtype: torch.dtype):
        loaded = ctypes.CDLL(str(path))
        self._fire, self._learn, self._imitate, self._dtype = loaded.fire, loaded.learn, loaded.imitate, dtype
        span = (ctypes.POINTER(Neurons), ctypes.c_ssize_t, ctypes.c_ssize_t)
        self._fire.argtypes, self._learn.argtypes, self._imitate.argtypes = span, (*span, ctypes.c_void_p), span
        self._fire.restype = self._learn.restype = self._imitate.restype = None

    def fire(self, neuron: Neuron, layout: Layout, steps: int, **tensors: Tensor | None) -> None:
        """Write spikes s, the membranes v_next, and u if it is given."""
        neurons = _neurons(neuron, layout, steps, tensors)
        _share(neurons, lambda begin, end: self._fire(neurons, begin, end))

    def learn(
        self, neuron: Neuron, layout: Layout, steps: int, factors: Sequence[Tensor], **tensors: Tensor | None
    ) -> None:
        """Write the gradients g_x, and g_v_before if it is given."""
        neurons = _neurons(neuron, layout, steps, tensors)
        neurons.factors = len(factors)
        pointers = (ctypes.c_void_p * len(factors))(*(factor.data_ptr() for factor in factors))
        neurons.factor = ctypes.cast(pointers, ctypes.c_void_p)

        def run(begin: int, end: int) -> None:
            scratch = torch.empty(3 * steps * BLOCK, dtype=self._dtype)
            self._learn(neurons, begin, end, scratch.data_ptr())

        _share(neurons, run)

    def imitate(self, neuron: Neuron, layout: Layout, steps: int, scale: float, **tensors: Tensor | None) -> float:
        """One step of online imitation, the last of `steps`; returns the sum of (count / steps - target)^2.

        Reads x and target; takes v_next and count one step further; writes s and g_x, `scale` times the error times the
        derivative of count / steps by x.
        """
        neurons = _neurons(neuron, layout, steps, tensors)
        square = torch.empty(-(-layout.neurons // BLOCK), dtype=torch.float64)
        neurons.scale, neurons.square = scale, square.data_ptr()
        _share(neurons, lambda begin, end: self._imitate(neurons, begin, end))
        return float(square.sum())


@functools.cache
def library(dtype: torch.dtype) -> Library | None:
    """The compiled neuron for tensors of this type; None for other types, or if it cannot be compiled."""
    if dtype not in REALS:
        return None
    flags = (
        *FLAGS,
        *VECTORS.get(torch.backends.cpu.get_cpu_capability(), ()),
        f"-DREAL={REALS[dtype]}",
        f"-DBLOCK={BLOCK}",
    )
    digest = hashlib.sha256("\n".join((*flags, SOURCE.read_text())).encode()).hexdigest()[:12]
    path = Path(sys.prefix, "lib", "spikeledger", f"neuron-{REALS[dtype]}-{digest}.so")
    try:
        return (Library(path, dtype) if _whole(path) else None) or _made(path, flags, dtype)
    except (OSError, AttributeError):  # it cannot be loaded here, or lacks what it should have
        return None


def _made(path: Path, flags: tuple[str, ...], dtype: torch.dtype) -> Library | None:
    """Compile the library, load it, and only then publish it at `path`, if that can be written."""
    with _private(path.parent) as folder:
        made = Path(folder, path.name)
        if not _compiled(made, flags):
            return None
        found = Library(made, dtype)
        with contextlib.suppress(InputError):
            files.write(path, made.read_bytes())
        return found


def _private(near: Path) -> tempfile.TemporaryDirectory[str]:
    """A temporary folder in the environment, whose programs may run; elsewhere if that is read-only."""
    try:
        near.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=near, prefix=".")
    except OSError:
        return tempfile.TemporaryDirectory()


def _compiled(path: Path, flags: tuple[str, ...]) -> bool:
    """Compile to a file and append its sha256, which a loader ignores; returns whether there is a compiler that can."""
    compiler = shutil.which("cc")
    if not compiler:
        return False
    done = subprocess.run([compiler, *flags, str(SOURCE), "-o", str(path)], capture_output=True, check=False)
    if done.returncode == 0:
        path.write_bytes(path.read_bytes() + hashlib.sha256(path.read_bytes()).digest())
    return done.returncode == 0


def _whole(path: Path) -> bool:
    """Whether the file is there as it was compiled."""
    content = path.read_bytes() if path.is_file() else b""
    return content[-32:] == hashlib.sha256(content[:-32]).digest()


def _neurons(neuron: Neuron, layout: Layout, steps: int, tensors: Mapping[str, Tensor | None]) -> Neurons:
    found = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    return Neurons(
        steps=steps,
        neurons=layout.neurons,
        x_stride=between_steps(found["x"]),
        g_stride=between_steps(found.get("g_s")),
        summed="g_x" in found and len(found["g_x"]) < steps,
        to_zero=neuron.reset == "zero",
        at=neuron.fires == "at",
        triangle=neuron.surrogate == "triangle",
        detach=neuron.detach_reset,
        nominal_decay=neuron.decay,
        nominal_threshold=neuron.threshold,
        width=neuron.width,
        height=neuron.height,
        slope=-neuron.height / neuron.width,
        **{name: tensor.data_ptr() for name, tensor in found.items()},
    )


def _share(neurons: Neurons, run: Callable[[int, int], None]) -> None:
    """Run over all neurons, with the threads that torch has; how many does not change a bit."""
    count = min(torch.get_num_threads(), max(1, neurons.steps * neurons.neurons // SMALLEST_SHARE))
    if count == 1:
        run(0, neurons.neurons)
        return
    size = -(-neurons.neurons // (count * BLOCK)) * BLOCK
    parts = [(begin, min(begin + size, neurons.neurons)) for begin in range(0, neurons.neurons, size)]
    list(_threads(count).map(run, *zip(*parts, strict=True)))


@functools.cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count)
