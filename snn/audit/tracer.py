"""Follow samples through a foreign network, function by function, and count.

Every function of torch that a module calls is seen by a TorchFunctionMode. Neurons are closed: what they do inside is
one update per neuron and step. What is not seen (compiled code, NumPy) gives tensors that carry nothing, and these are
refused where they reach synapses, neurons or the output. Weights that no function has used are refused, too.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils.hooks import RemovableHandle
from torch.utils.weak import WeakTensorKeyDictionary

from snn.audit.call import INSTEAD, Call
from snn.audit.frameworks import Neurons, tensors
from snn.audit.functions import HANDLERS, SYNAPSES
from snn.audit.signals import Current, Numbers, Signal, Spikes, Unread
from snn.audit.tally import Layer
from snn.core.errors import InputError

OPERATORS = {"radd": "add", "iadd": "add", "rmul": "mul", "imul": "mul", "rsub": "sub", "isub": "sub", "truediv": "div"}
OPERATORS |= {"itruediv": "div", "multiply": "mul", "divide": "div", "true_divide": "div", "rtruediv": "rdiv"}


class _Carried(NamedTuple):
    signal: Signal
    version: int  # of the tensor: another one tells that it was changed in place behind our back


class Tracer(TorchFunctionMode):
    """Counts what `module` does while this is entered; `neurons` by their paths.

    `layers`: the sums of every layer by its name, in order of first use. `steps`: of every path of neurons, how many
    steps it took in this batch. `notes`: what is not counted.
    """

    def __init__(self, module: nn.Module, neurons: Mapping[str, Neurons]):
        super().__init__()
        self.layers: dict[str, Layer] = {}
        self.steps: dict[str, int] = {}
        self.notes: dict[str, None] = {}
        self._neurons, self._title = neurons, type(module).__name__
        self._carried: Any = WeakTensorKeyDictionary()
        self._stack: list[tuple[str, bool]] = []  # modules that run, with whether they have parts
        self._closed = 0  # neurons that run, one inside the other
        inside = [f"{path}." if path else "" for path in neurons]
        named = dict(module.named_parameters())
        self._names = {id(parameter): name.rpartition(".")[0] for name, parameter in named.items()}
        self._unused = {
            id(parameter): name
            for name, parameter in named.items()
            if parameter.dim() > 1 and not any(name.startswith(path) for path in inside)
        }
        self._hooks = [handle for path, part in module.named_modules() for handle in self._hook(path, part)]

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for handle in self._hooks:
            handle.remove()

    def carry(self, x: Tensor, signal: Signal) -> Tensor:
        """Declare what a tensor carries."""
        self._carried[x] = _Carried(signal, x._version)
        return x

    def carried(self, x: Tensor) -> Signal | None:
        """What a tensor carries; None if it comes from elsewhere."""
        found = self._carried.get(x)
        if found is None or found.version == x._version:
            return found and found.signal
        return Unread("was changed in place")

    def check_weights(self) -> None:
        """Raise InputError listing weights that no function has used."""
        if self._unused:
            names = ", ".join(self._unused.values())
            do = "take them out, or call them by functions of torch that can be seen"
            raise InputError(self._title, f"weights were not seen in use: {names}", do)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function of torch and tell what its result carries."""
        kwargs = kwargs or {}
        if self._closed:
            return func(*args, **kwargs)
        given = list(tensors((*args, *kwargs.values())))
        signals = {id(x): signal for x in given if (signal := self.carried(x)) is not None}
        result, name = func(*args, **kwargs), _name(func)
        if name == "setitem" and signals:
            self.carry(args[0], Unread("was written piece by piece"))
        results = list(tensors(result))
        for x in given if results else ():
            self._unused.pop(id(x), None)
        if not results or not (signals or name in SYNAPSES):
            return result
        place = self._place()
        if name not in HANDLERS:
            raise InputError(place, f"{name} is a function that cannot be counted", INSTEAD)
        each = [signals[id(x)] for x in given if id(x) in signals]
        call = Call(
            *(name, func, args, kwargs, result, each),
            *(lambda x: signals.get(id(x)), self._layer, lambda note: self.notes.setdefault(note), place),
        )
        found = HANDLERS[name](call)
        for x, signal in zip(results, found if isinstance(found, list) else [found] * len(results), strict=True):
            if signal is not None:
                self.carry(x, signal)
        return result

    def _place(self) -> str:
        path = next((path for path, _ in reversed(self._stack) if path), "")
        return f"{self._title}: {path}" if path else self._title

    def _layer(self, weight: Tensor | None, kind: str, shape: tuple[int, ...]) -> Layer:
        """The sums of a layer: named by its weight, else by the module that has no parts, else by function."""
        path, parts = self._stack[-1] if self._stack else ("", True)
        name = self._names.get(id(weight), path) or kind
        if weight is None and parts:
            name = f"{path}.{kind}" if path else kind
        return self.layers.setdefault(name, Layer(kind, shape))

    def _hook(self, path: str, part: nn.Module) -> list[RemovableHandle]:
        neurons, parts = self._neurons.get(path), any(True for _ in part.children())

        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            self._stack.append((path, parts))
            if neurons and not self._closed:
                self._closed += 1
                self._receive(path, module, neurons, next(tensors((*args, *kwargs.values()))))

        def after(module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
            self._stack.pop()
            if neurons and self._closed:
                self._send(path, module, neurons, list(tensors(result)))
                self._closed -= 1

        return [
            part.register_forward_pre_hook(before, with_kwargs=True),
            part.register_forward_hook(after, with_kwargs=True),
        ]

    def _receive(self, path: str, module: nn.Module, neurons: Neurons, x: Tensor) -> None:
        """What reaches neurons without synapses costs one AC per spike, or per number. Currents are counted before."""
        signal = self.carried(x)
        if signal is None or isinstance(signal, Unread):
            why = "comes from neither data nor neurons" if signal is None else f"cannot be counted: {signal.reason}"
            raise InputError(self._place(), f"{type(module).__name__} gets an input that {why}", INSTEAD)
        layer = self.layers.setdefault(path, Layer(type(module).__name__, ()))
        layer.neuron_updates += x.numel()
        if isinstance(signal, Spikes):
            layer.acs += float(signal.events_X.sum(dtype=torch.float64))
        elif not isinstance(signal, Current):
            layer.acs += x.numel()
        self.steps[path] = self.steps.get(path, 0) + (neurons.steps(module, x) if neurons.steps else 1)

    def _send(self, path: str, module: nn.Module, neurons: Neurons, results: list[Tensor]) -> None:
        s_X, *states = results
        layer = self.layers[path]
        for x in states:
            self.carry(x, Numbers())
        if not neurons.spiking:
            self.carry(s_X, Numbers())
            return
        events_X = s_X / neurons.factor(module)
        if not torch.equal(events_X, events_X.round()):
            what = f"{type(module).__name__} sends values that are no whole numbers of spikes"
            raise InputError(self._place() if self._stack else path, what, "use neurons that spike")
        layer.spikes += float(events_X.abs().sum(dtype=torch.float64))
        self.carry(s_X, Spikes(events_X.abs()))


def _name(func: Callable[..., Any]) -> str:
    """The name of a function of torch, equal for methods, operators and what works in place."""
    full = (resolve_name(func) or getattr(func, "__name__", str(func))).removesuffix(".__get__")
    name = full.rpartition(".")[2].strip("_")
    return OPERATORS.get(name, name)
