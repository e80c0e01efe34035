"""The energy of operations under a convention of `params/energy`. No torch.

    E = macs e_mac + acs e_ac + compares e_cmp + neuron updates e_upd

The convention decides whether a constant image is multiplied once or at every step. Baselines are an ANN with all its
multiply-accumulates, or without those whose activation is zero (hardware that skips zeros), in 32-bit floats or 8-bit
integers.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from snn.config import Energy

NJ_PER_PJ = 1e-3


class Work(Protocol):
    """Operations of one inference: of a layer or network, or a row of runs.csv or of the summary."""

    @property
    def acs(self) -> float:
        """Accumulates."""

    @property
    def macs_once(self) -> float:
        """Multiply-accumulates if a constant image is multiplied only at the first step."""

    @property
    def macs_every_step(self) -> float:
        """Multiply-accumulates if it is multiplied at every step."""

    @property
    def macs_nonzero(self) -> float:
        """Like `macs_once`, without those by activations of an ANN that are zero."""

    @property
    def compares(self) -> float:
        """Comparisons in max pools."""

    @property
    def neuron_updates(self) -> float:
        """Neurons x steps."""

    @property
    def dense_macs(self) -> float:
        """Multiply-accumulates of one step of an ANN of the same layers."""

    @property
    def spikes(self) -> float:
        """Spikes emitted by neurons."""


class StepwiseWork(Work, Protocol):
    """Operations of one inference, with its number of steps."""

    @property
    def steps_eval(self) -> int:
        """Steps of the inference."""


def pj(energy: Energy, operation: Literal["mac", "ac", "compare", "neuron_update"]) -> float:
    """Energy of one operation in picojoule, memory accesses included."""
    memory = energy.memory
    accesses_pj = getattr(memory, f"per_{operation}") * memory.access_pj if memory else 0.0
    return getattr(energy, f"{operation}_pj") + accesses_pj


def parts_nj(work: Work, energy: Energy) -> dict[str, float]:
    """Energy of an inference in nanojoule, by kind of operation."""
    return {
        "macs": NJ_PER_PJ * _macs(work, energy) * pj(energy, "mac"),
        "acs": NJ_PER_PJ * work.acs * pj(energy, "ac"),
        "compares": NJ_PER_PJ * work.compares * pj(energy, "compare"),
        "neuron_updates": NJ_PER_PJ * work.neuron_updates * pj(energy, "neuron_update"),
    }


def energy_nj(work: Work, energy: Energy) -> float:
    """Energy of an inference in nanojoule."""
    return sum(parts_nj(work, energy).values())


def skipping_zeros_nj(work: Work, energy: Energy) -> float:
    """Energy in nanojoule on hardware that skips multiplications by activations that are zero."""
    skipped = _macs(work, energy) - work.macs_nonzero
    return energy_nj(work, energy) - NJ_PER_PJ * skipped * pj(energy, "mac")


def same_layers_nj(work: Work, energy: Energy) -> float:
    """Energy in nanojoule of an ANN of the same layers: one multiply-accumulate per synapse."""
    return NJ_PER_PJ * work.dense_macs * pj(energy, "mac")


def spikes_per_neuron(work: StepwiseWork) -> float:
    """Spikes of an inference per neuron: T x rate."""
    return work.spikes * work.steps_eval / work.neuron_updates


def first_layer_nj(first: Mapping[str, float], energy: Energy) -> float:
    """Energy in nanojoule of the first layer with synapses, whose input is an image or recorded events."""
    macs = first[f"macs_{energy.first_layer}"]
    return NJ_PER_PJ * macs * pj(energy, "mac") + NJ_PER_PJ * first["acs"] * pj(energy, "ac")


def break_even(work: StepwiseWork, energy: Energy, other_nj: float, recorded_acs: float = 0.0) -> float | None:
    """Spikes per neuron at which the energy equals `other_nj`. None if the network costs more even without a single
    spike.

    Accumulates are proportional to spikes, except the `recorded_acs` that recorded events cause. With E_s the energy of
    the proportional ones, E(r) = E - E_s + E_s r / (T rate).
    """
    by_spikes = NJ_PER_PJ * (work.acs - recorded_acs) * pj(energy, "ac")
    left = other_nj - (energy_nj(work, energy) - by_spikes)
    return left / by_spikes * spikes_per_neuron(work) if by_spikes > 0 and left > 0 else None


def _macs(work: Work, energy: Energy) -> float:
    return work.macs_once if energy.first_layer == "once" else work.macs_every_step
