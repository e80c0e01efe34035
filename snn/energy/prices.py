"""Operations become energy, under a convention of `params/energy`. No torch.

    E = macs e_mac + acs e_ac + compares e_cmp + neuron updates e_upd

macs are those of the first layer once, or at every step, as the convention says. An ANN has baselines: all of its
multiply-accumulates, or only those whose activation is not zero (a machine that skips zeros); in 32-bit floats or in
8-bit integers. Work is a row of runs.csv or of the summary, or anything else with its fields.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal

from snn.config import Energy

NJ_PER_PJ = 1e-3


def pj(energy: Energy, operation: Literal["mac", "ac", "compare", "neuron_update"]) -> float:
    """What one operation costs in picojoule, with the memory that it takes."""
    accesses = getattr(energy.memory, f"per_{operation}") if energy.memory else 0
    return getattr(energy, f"{operation}_pj") + (accesses * energy.memory.access_pj if accesses else 0.0)


def parts_nj(work: Any, energy: Energy) -> dict[str, float]:
    """Energy of an inference in nanojoule, by kind of operation."""
    return {
        "macs": NJ_PER_PJ * getattr(work, f"macs_{energy.first_layer}") * pj(energy, "mac"),
        "acs": NJ_PER_PJ * work.acs * pj(energy, "ac"),
        "compares": NJ_PER_PJ * work.compares * pj(energy, "compare"),
        "neuron_updates": NJ_PER_PJ * work.neuron_updates * pj(energy, "neuron_update"),
    }


def energy_nj(work: Any, energy: Energy) -> float:
    """Energy of an inference in nanojoule."""
    return sum(parts_nj(work, energy).values())


def skipping_zeros_nj(work: Any, energy: Energy) -> float:
    """The same of a machine that skips multiplications by activations that are zero."""
    skipped = getattr(work, f"macs_{energy.first_layer}") - work.macs_nonzero
    return energy_nj(work, energy) - NJ_PER_PJ * skipped * pj(energy, "mac")


def same_layers_nj(work: Any, energy: Energy) -> float:
    """An ANN of the same layers: every synapse multiplied once."""
    return NJ_PER_PJ * work.dense_macs * pj(energy, "mac")


def spikes_per_neuron(work: Any) -> float:
    """T x rate: spikes of an inference over neurons."""
    return work.spikes * work.steps_eval / work.neuron_updates


def first_layer_nj(first: Mapping[str, float], energy: Energy) -> float:
    """What the first layer with synapses takes for what reaches it: an image, or events that were recorded."""
    return energy_nj(SimpleNamespace(**{**first, "compares": 0, "neuron_updates": 0}), energy)


def break_even(work: Any, energy: Energy, other_nj: float, recorded_acs: float = 0.0) -> float | None:
    """T x rate at which the energy would be `other_nj`, all else as it is; none where even silence costs more.

    Accumulates grow in proportion to spikes, but for those of events that were recorded: with E_s the energy of
    accumulates that spikes make, E(r) = E - E_s + E_s r / (T rate).
    """
    by_spikes = NJ_PER_PJ * (work.acs - recorded_acs) * pj(energy, "ac")
    left = other_nj - (energy_nj(work, energy) - by_spikes)
    return left / by_spikes * spikes_per_neuron(work) if by_spikes > 0 and left > 0 else None
