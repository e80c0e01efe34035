"""What a tensor carries on its way through a foreign network. Its source decides, never its values."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Spikes:
    """Spikes, and linear functions of them. `events_X`: how many spikes stand at each position, of the tensor's shape.

    `pooled`: values are no longer proportional to the spikes of one position, as behind an average pool.
    """

    events_X: Tensor
    pooled: bool = False


@dataclass(frozen=True)
class Numbers:
    """Analog numbers: data, activations, membranes.

    `constant`: equal at all steps. `rectified`: activations of an ANN, of which hardware may skip zeros. `recorded`:
    data, or made of data without synapses.
    """

    constant: bool = False
    rectified: bool = False
    recorded: bool = False


@dataclass(frozen=True)
class Current:
    """What synapses send, before neurons: every term of its sum has been counted at a synapse."""

    constant: bool = False


@dataclass(frozen=True)
class Unread:
    """What must not reach a layer, with the reason: nobody knows how many spikes it stands for."""

    reason: str


Signal = Spikes | Numbers | Current | Unread


def joined(signals: list[Signal]) -> Signal:
    """Numbers and currents side by side or summed; spikes are joined where their events are known."""
    if all(isinstance(signal, Current) for signal in signals):
        return Current(constant=all(signal.constant for signal in signals if isinstance(signal, Current)))
    if bad := next((signal for signal in signals if isinstance(signal, Unread)), None):
        return bad
    numbers = [signal for signal in signals if isinstance(signal, Numbers | Current)]
    if len(numbers) < len(signals):
        return Unread("joins spikes and numbers")
    return Numbers(
        constant=all(signal.constant for signal in numbers),
        rectified=all(isinstance(signal, Numbers) and signal.rectified for signal in numbers),
        recorded=all(isinstance(signal, Numbers) and signal.recorded for signal in numbers),
    )
