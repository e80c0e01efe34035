"""A call of a function of torch by a foreign network, as those see it who count it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from torch import Tensor

from snn.audit.frameworks import tensors
from snn.audit.signals import Signal, Spikes, Unread
from snn.audit.tally import Layer
from snn.core.errors import InputError

INSTEAD = "write it with layers that docs/audit.md lists"


class Call(NamedTuple):
    """A call with at least one tensor that carries a signal.

    `signals`: what its tensors carry, in order. `carried`: what one tensor carries; None if it comes from elsewhere.
    `layer`: the sums of a layer, by the weight that names it, its kind and the shape of its output. `note`: keeps what
    is not counted. `place`: the module that calls, for errors.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any
    signals: list[Signal]
    carried: Callable[[Tensor], Signal | None]
    layer: Callable[[Tensor | None, str, tuple[int, ...]], Layer]
    note: Callable[[str], None]
    place: str

    def refuse(self, what: str, do: str = INSTEAD) -> NoReturn:
        """Raise InputError at the place of the call."""
        raise InputError(self.place, f"{self.name} {what}", do)

    def argument(self, index: int, name: str, default: Any = None) -> Any:
        """An argument by its place or name."""
        return self.args[index] if len(self.args) > index else self.kwargs.get(name, default)

    def others(self) -> Iterator[Tensor]:
        """Tensors among the arguments that come from elsewhere."""
        return (x for x in tensors((*self.args, *self.kwargs.values())) if self.carried(x) is None)

    def of_events(self) -> Any:
        """The result of the same function on the events of all spikes."""
        return self.function(*map(self._events, self.args), **{k: self._events(v) for k, v in self.kwargs.items()})

    def into_synapses(self) -> Signal:
        """What reaches synapses; raises InputError for what cannot be counted."""
        signal = self.carried(self.argument(0, "input"))
        if signal is None:
            self.refuse("gets an input that comes from neither data nor neurons", "make it of these, in torch")
        if isinstance(signal, Unread):
            self.refuse(f"gets an input that cannot be counted: {signal.reason}")
        if len(self.signals) > 1:
            self.refuse("has weights that depend on its input")
        return signal

    def _events(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            signal = self.carried(value)
            return signal.events_X if isinstance(signal, Spikes) else value
        return type(value)(map(self._events, value)) if type(value) in (list, tuple) else value


Handler = Callable[[Call], Signal | list[Signal] | None]
