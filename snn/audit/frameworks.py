"""What the frameworks of the field call their neurons, and how these take time. None of them is imported.

A class is known by its name and the package it comes from, so a class derived from a known one is known, too. Each was
run in the versions of `TESTED` (`make peers-test`). Whatever holds a state and is not listed here is refused by name.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from snn.core.errors import InputError

TESTED = {"snntorch": "1.0.0", "norse": "1.1.0", "spikingjelly": "2.0.0", "sinabs": "3.1.3"}

SPIKING = {
    "snntorch": {"Leaky", "Lapicque", "Synaptic", "Alpha"},
    "norse": {
        *("IAF", "IAFCell", "LIF", "LIFCell", "LIFBoxCell", "LIFEx", "LIFExCell", "LIFAdEx", "LIFAdExCell"),
        *("LIFRefracCell", "Izhikevich", "IzhikevichCell", "LSNN", "LSNNCell"),
    },
    "spikingjelly": {
        *("IFNode", "LIFNode", "ParametricLIFNode", "QIFNode", "EIFNode", "KLIFNode", "IzhikevichNode"),
        *("SimpleIFNode", "SimpleLIFNode", "CUBALIFNode"),
    },
    "sinabs": {"IAF", "IAFSqueeze", "LIF", "LIFSqueeze", "ALIF"},
}
INTEGRATING = {  # neurons that send their membranes
    "snntorch": set[str](),
    "norse": {"LI", "LICell", "LIBoxCell"},
    "spikingjelly": set[str](),
    "sinabs": {"ExpLeak", "ExpLeakSqueeze"},
}
STATEFUL = {  # what marks a class with a state
    "snntorch": {"SpikingNeuron", "LeakyParallel"},
    "norse": {"SNN", "SNNCell", "SNNRecurrent", "SNNRecurrentCell", "RecurrentSequential", "LILinearCell"},
    "spikingjelly": {"MemoryModule", "NonSpikingBaseNode", "ILCBaseNode", "NoisyBaseNode", "PSN", "FewSpikeNode"},
    "sinabs": {"StatefulLayer"},
}
TRACED = {
    "spikingjelly": {"Dropout", "Dropout2d", "PoissonEncoder", "StatelessEncoder"}
}  # stateful by class, not in use
RESETS = ("reset_states", "reset_mem", "reset")  # sinabs, snnTorch, SpikingJelly
UNREADABLE: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.RNNBase, "recurrent"),
    (nn.RNNCellBase, "recurrent"),
    (nn.MultiheadAttention, "attention multiplies signals by signals"),
    (nn.Transformer, "attention multiplies signals by signals"),
    (torch.jit.ScriptModule, "compiled; give the module that it was made of"),
)
SYNAPSES = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Neurons(NamedTuple):
    """Neurons of a framework, or of a class that the caller names.

    `steps`: how many steps a call with an input takes; None if it cannot be known.
    """

    spiking: bool
    steps: Callable[[nn.Module, Tensor], int] | None

    def factor(self, module: nn.Module) -> Tensor | float:
        """The value of one spike: snnTorch may grade its spikes."""
        graded = getattr(module, "graded_spikes_factor", 1.0)
        return graded.detach() if isinstance(graded, Tensor) else float(graded)


def neurons_of(module: nn.Module, own: Sequence[type[nn.Module]] = ()) -> dict[str, Neurons]:
    """The neurons in a module by their paths; `own`: further classes that spike.

    Raises InputError listing every layer that cannot be read, with its path and class.
    """
    found: dict[str, Neurons] = {}
    refused = []
    for path, part in module.named_modules():
        if any(path.startswith(f"{outer}.") for outer in found):
            continue
        kind = _neurons(part, tuple(own))
        if isinstance(kind, Neurons):
            found[path] = kind
            kind = "has synapses inside" if any(isinstance(inner, SYNAPSES) for inner in part.modules()) else None
        if kind:
            refused.append(f"{path or 'itself'} ({type(part).__name__}: {kind})")
    if refused:
        do = "use layers that docs/audit.md lists, or name neurons of your own by neurons="
        raise InputError(type(module).__name__, f"layers cannot be read: {', '.join(refused)}", do)
    return found


def reset(module: nn.Module) -> None:
    """Forget the states of all neurons, as each framework does it."""
    for part in module.modules():
        for name in RESETS:
            if callable(method := getattr(part, name, None)):
                method()
                break


def _neurons(part: nn.Module, own: tuple[type[nn.Module], ...]) -> Neurons | str | None:
    """How a module fires; or why it cannot be read; or None for one that is read by what it calls."""
    if isinstance(part, own):
        return Neurons(True, None)
    if reason := next((reason for kind, reason in UNREADABLE if isinstance(part, kind)), None):
        return reason
    if type(part).__name__ == "OptimizedModule":
        return "compiled; give its _orig_mod"
    package, names = _ancestors(part)
    if not names:
        return None
    if names[0] in SPIKING[package] | INTEGRATING[package]:
        return Neurons(names[0] in SPIKING[package], STEPS[package])
    if STATEFUL[package].isdisjoint(names) or names[0] in TRACED.get(package, ()):
        return None
    return "recurrent" if "ecurrent" in "".join(names) or names[0].startswith("R") else "not known"


def _ancestors(part: nn.Module) -> tuple[str, list[str]]:
    """The framework that a class or its ancestors come from, and the names of those, nearest first."""
    classes = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(part).__mro__]
    package = next((package for package, _ in classes if package in TESTED), "")
    return package, [name for here, name in classes if here == package]


def _norse(module: nn.Module, x: Tensor) -> int:
    return len(x) if "SNN" in _ancestors(module)[1] else 1


def _spikingjelly(module: nn.Module, x: Tensor) -> int:
    return len(x) if getattr(module, "step_mode", "m") == "m" else 1


def _sinabs(module: nn.Module, x: Tensor) -> int:
    steps = getattr(module, "num_timesteps", None)  # only the classes named ...Squeeze have it; -1: from the batch
    if steps is None:
        return x.shape[1]
    return int(steps) if steps > 0 else len(x) // int(getattr(module, "batch_size", 1))


STEPS: dict[str, Callable[[nn.Module, Tensor], int]] = {
    "snntorch": lambda module, x: 1,
    "norse": _norse,
    "spikingjelly": _spikingjelly,
    "sinabs": _sinabs,
}


def tensors(value: object) -> Iterator[Tensor]:
    """All tensors in nested tuples and lists, the first of them first."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)
