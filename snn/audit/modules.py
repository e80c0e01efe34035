"""Audit a torch module of snnTorch, norse, SpikingJelly, sinabs or plain torch: `docs/audit.md`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from snn.audit import tables
from snn.audit.feeding import Time, feed, scores_of
from snn.audit.frameworks import Neurons, neurons_of, reset, tensors
from snn.audit.states import remember
from snn.audit.tracer import Tracer
from snn.core.errors import InputError
from snn.energy.counter import Operations

BATCH = 128
SEED = 0  # of encoders that draw


@dataclass(frozen=True)
class Audit:
    """What one inference of a module costs. `print` shows it.

    `layers`: operations, one row per layer, as `snn.energy.counter.Operations` defines them. `energy`: one row per
    convention. `accuracy`: a fraction, None without classes. `uncounted`: what was seen and is in no count.
    """

    title: str
    layers: pd.DataFrame
    energy: pd.DataFrame
    steps: int
    samples: int
    parameters: int
    accuracy: float | None
    uncounted: tuple[str, ...]

    def __str__(self) -> str:
        facts = {"network": self.title, "steps of an inference": f"{self.steps}", "samples": f"{self.samples:,}"}
        facts |= {} if self.accuracy is None else {"accuracy": f"{100 * self.accuracy:.1f} %"}
        facts |= {"parameters": f"{self.parameters:,}"} | (
            {"not counted": "; ".join(self.uncounted)} if self.uncounted else {}
        )
        return tables.text(facts, self.layers, self.energy)


def audit(
    module: nn.Module,
    x: Tensor | np.ndarray,
    y: Tensor | np.ndarray | None = None,
    *,
    time: Time = "inside",
    steps: int | None = None,
    spikes: bool = False,
    neurons: Sequence[type[nn.Module]] = (),
    scores: Callable[[Any], Tensor] | None = None,
) -> Audit:
    """Count the operations of one inference of a module exactly, and price them under every convention.

    `x`: samples (N, ...), or frames (N, T, ...) if `steps` is None and `time` is not "inside". `y`: classes (N,).
    Both may be arrays of numpy; numbers of an array become those of torch's default type.
    `time`: how the module takes it. "inside": it gets a batch once and repeats it by itself. "first", "second": it gets
    all steps at once, (T, B, ...) or (B, T, ...). "flat": (B T, ...), as sinabs' layers named ...Squeeze. "calls": it
    is called once per step. `steps`: samples are shown at each of so many steps; with "inside", only needed if own
    neurons take several steps in a call. `spikes`: x holds spikes, so the first layer adds. `neurons`: classes of your
    own that send spikes. `scores`: from what the module returns (for "calls": a list, by step) to (B, K).

    Nothing is trained. The module is set to evaluation meanwhile. Before each batch and at the end, states of known
    neurons are reset; attributes and buffers of other modules are put back to what they were at the call.

    Raises InputError listing layers that cannot be read, or naming the first function that cannot be counted.
    """
    title = type(module).__name__
    x, y = _tensor("x", x), None if y is None else _tensor("y", y)
    _check(x, y, time, steps, spikes)
    found = neurons_of(module, neurons)
    training = [part for part in module.modules() if part.training]
    device = next((parameter.device for parameter in module.parameters()), x.device)
    restore = remember(module)

    def forget() -> None:
        restore()
        reset(module)

    module.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(), Tracer(module, found) as tracer:
            torch.manual_seed(SEED)
            right, taken = _run(module, x.to(device), y, time, steps, spikes, scores, tracer, forget)
    finally:
        forget()
        for part in training:
            part.training = True
    tracer.check_weights()
    steps = _steps(title, found, tracer.steps, taken, len(range(0, len(x), BATCH)), time)
    return _result(module, tracer, steps, len(x), None if y is None else right / len(x))


def _run(
    module: nn.Module,
    x: Tensor,
    y: Tensor | None,
    time: Time,
    steps: int | None,
    spikes: bool,
    scores: Callable[[Any], Tensor] | None,
    tracer: Tracer,
    forget: Callable[[], None],
) -> tuple[int, int | None]:
    """Show all samples; returns how many are classified as they should be, and the steps if they are given."""
    right, taken, title = 0, steps if steps or time == "inside" else x.shape[1], type(module).__name__
    for i in range(0, len(x), BATCH):
        x_BX = x[i : i + BATCH]
        forget()
        result = _fed(module, x_BX, time, steps, spikes, tracer)
        first = next(tensors(result), None)
        if first is None or tracer.carried(first) is None:
            do = "return what functions of torch make of the input"
            raise InputError(title, "returns nothing that comes from its input", do)
        if y is not None:
            with torch._C.DisableTorchFunction():
                o_BK = scores(result) if scores else scores_of(title, result, time, len(x_BX))
                right += int((o_BK.argmax(1).cpu() == y[i : i + BATCH].cpu()).sum())
    return right, taken


def _fed(module: nn.Module, x_BX: Tensor, time: Time, steps: int | None, spikes: bool, tracer: Tracer) -> Any:
    try:
        return feed(module, x_BX, time, steps, spikes, tracer.carry)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:  # of the module, of which nothing is known
        first = (str(error).splitlines() or [""])[0]
        what = f"does not take samples {tuple(x_BX.shape)} with time={time!r}, steps={steps} ({first})"
        do = "give x and time as its forward() takes them"
        if steps is None and time != "inside":
            what = f"does not take {x_BX.shape[1]} frames {(len(x_BX), *x_BX.shape[2:])} with time={time!r} ({first})"
            do = "give steps=, for how many steps a sample is shown, or x as frames (N, T, ...)"
        raise InputError(type(module).__name__, what, do) from error


def _steps(
    title: str, found: dict[str, Neurons], seen: dict[str, int], taken: int | None, batches: int, time: Time
) -> int:
    """The steps of an inference. Neurons that took another number of them were fed in another way than was said."""
    known = {path: count // batches for path, count in seen.items() if found[path].steps or taken is None}
    steps = taken or max(known.values(), default=1)
    if wrong := {path: count for path, count in known.items() if count != steps}:
        what = ", ".join(f"{path} took {count}" for path, count in wrong.items())
        do = f"time={time!r} may be wrong, or step_mode; neurons of a layer must not be used in another"
        raise InputError(title, f"an inference has {steps} steps, but {what}", do)
    return steps


def _tensor(name: str, value: object) -> Tensor:
    """An argument as a tensor; raises InputError for what is neither a tensor nor an array of numbers."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        tensor = torch.from_numpy(np.array(value, value.dtype.newbyteorder("=")))
        return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor
    found = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    raise InputError(name, f"is {found}", f"give a tensor, such as torch.as_tensor({name})")


def _check(x: Tensor, y: Tensor | None, time: str, steps: int | None, spikes: bool) -> None:
    if time not in get_args(Time):
        raise InputError("time", f"{time!r} is not known", f"choose one of {', '.join(get_args(Time))}")
    if steps is not None and steps < 1:
        raise InputError("steps", f"{steps} is not positive", "give the steps of an inference")
    if x.dim() < 2 or not len(x) or not x.is_floating_point() or not bool(torch.isfinite(x).all()):
        raise InputError("x", f"is {x.dtype} {tuple(x.shape)}", "give finite floating-point numbers (N, ...)")
    if spikes and not torch.equal(x, x.abs().round()):
        raise InputError("x", "holds values that are no numbers of spikes", "leave out spikes=True")
    if y is not None and (y.shape != x.shape[:1] or y.is_floating_point()):
        raise InputError("y", f"is {y.dtype} {tuple(y.shape)} for {len(x)} samples", "give a class for every sample")


def _result(module: nn.Module, tracer: Tracer, steps: int, samples: int, accuracy: float | None) -> Audit:
    rows: list[tuple[object, str, Sequence[int], Operations]] = []
    for name, layer in tracer.layers.items():
        work = layer.operations(samples, steps)
        neurons = work.neuron_updates // steps
        rows.append((name or "(itself)", layer.kind, layer.shape or (neurons,), work))
    operations = [work for *_, work in rows]
    if not any(work.dense_macs for work in operations):
        raise InputError(type(module).__name__, "has no synapses that its input reaches", "give a network")
    return Audit(
        title=type(module).__name__,
        layers=tables.layers(rows),
        energy=tables.energy(operations, steps),
        steps=steps,
        samples=samples,
        parameters=sum(prod(parameter.shape) for parameter in module.parameters()),
        accuracy=accuracy,
        uncounted=tuple(tracer.notes),
    )
