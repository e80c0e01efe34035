"""Sums over batches of what each layer of a foreign network did, and the operations of one inference from them.

A layer is called as often as its network pleases: once on an image, at every step, or on all steps at once. Rows are
all samples and steps that it was called with. With S samples and T steps of an inference,

    acs = sum events fanout / S     dense_macs = sum over rows of the fan-out / min(rows, S T)

A layer called once per inference thus has the size of one call, and one shared by two places of a step has both.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

from snn.audit.signals import Current, Numbers, Signal, Spikes
from snn.energy.counter import Operations


@dataclass
class Layer:
    """Sums of one layer over all batches. `constant_*`: of inputs that are equal at all steps, `other_macs` of others.

    `skipped_*`: multiplications by activations of an ANN that are zero.
    """

    kind: str
    shape: tuple[int, ...]
    acs: float = 0.0
    rows: int = 0
    dense: int = 0
    dense_padded: int = 0
    constant_rows: int = 0
    constant_macs: int = 0
    constant_skipped: float = 0.0
    other_macs: int = 0
    other_skipped: float = 0.0
    spikes: float = 0.0
    neuron_updates: int = 0
    compares: int = 0

    def receive(self, x_RX: Tensor, signal: Signal, fanout_X: Tensor) -> None:
        """Count a call of synapses: rows of inputs, what they carry, and the synapses that each position reaches."""
        rows, dense = len(x_RX), round(float(fanout_X.sum()))
        self.rows += rows
        self.dense += rows * dense
        if isinstance(signal, Spikes):
            self.acs += reached(signal.events_X.reshape(x_RX.shape), fanout_X)
            return
        constant = isinstance(signal, Numbers | Current) and signal.constant
        rectified = isinstance(signal, Numbers) and signal.rectified
        skipped = reached(x_RX == 0, fanout_X) if rectified else 0.0
        if constant:
            self.constant_rows += rows
            self.constant_macs += rows * dense
            self.constant_skipped += skipped
        else:
            self.other_macs += rows * dense
            self.other_skipped += skipped

    def operations(self, samples: int, steps: int) -> Operations:
        """Operations of one inference: mean over samples, sum over steps."""
        calls, at_once = min(self.rows, samples * steps), max(min(self.constant_rows, samples * steps), 1)
        constant, others = self.constant_macs // at_once, self.other_macs // samples
        skipped = self.constant_skipped / at_once + self.other_skipped / samples
        return Operations(
            spikes=self.spikes / samples,
            neuron_updates=self.neuron_updates // samples,
            acs=self.acs / samples,
            macs_once=constant + others,
            macs_every_step=constant * steps + others,
            macs_nonzero=constant + others - skipped,
            compares=self.compares // samples,
            dense_macs=self.dense // max(calls, 1),
            dense_macs_padded=self.dense_padded // max(calls, 1),
        )


def reached(events_RX: Tensor, fanout_X: Tensor) -> float:
    """Number of synapses that events reach: exact, in double precision."""
    events_X = events_RX.sum(0, dtype=torch.float64)
    return float((events_X * fanout_X.to(events_X.device)).sum())


_known: dict[Hashable, Tensor] = {}


def windows(operation: Callable[[Tensor], Tensor], space: tuple[int, ...], key: Hashable) -> Tensor:
    """How many outputs each position of a map reaches, float64: the transpose of an operation, applied to ones.

    `operation` maps (1, 1, *space) to a map by weights of one. `key` stands for it.
    """
    if (key, space) not in _known:
        with torch.enable_grad():
            x = torch.zeros(1, 1, *space, dtype=torch.float64, requires_grad=True)
            (reach,) = torch.autograd.grad(operation(x).sum(), x)
        _known[key, space] = reach[0, 0].round()
    return _known[key, space]
