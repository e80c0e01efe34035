"""Operations become energy, under a convention of `params/energy`. No torch.

    E = macs e_mac + acs e_ac + compares e_cmp + neuron updates e_upd

macs are those of the first layer once, or at every step, as the convention says. An ANN has baselines: all of its
multiply-accumulates, or only those whose activation is not zero (a machine that skips zeros); in 32-bit floats or in
8-bit integers.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from snn.config import Energy

NJ_PER_PJ = 1e-3


class Work(Protocol):
    """Operations of one inference: those of a layer or network, a row of runs.csv or of the summary."""

    @property
    def acs(self) -> float:
        """Accumulates."""

    @property
    def macs_once(self) -> float:
        """Multiply-accumulates, a constant image multiplied at the first step only."""

    @property
    def macs_every_step(self) -> float:
        """The same, multiplied at every step."""

    @property
    def macs_nonzero(self) -> float:
        """As once, without those by activations of an ANN that are zero."""

    @property
    def compares(self) -> float:
        """Of max pools."""

    @property
    def neuron_updates(self) -> float:
        """Neurons x steps."""

    @property
    def dense_macs(self) -> float:
        """One for every synapse."""

    @property
    def spikes(self) -> float:
        """Emitted by neurons."""


class StepwiseWork(Work, Protocol):
    """Operations of an inference whose number of steps is known."""

    @property
    def steps_eval(self) -> int:
        """Steps of the inference."""


def pj(energy: Energy, operation: Literal["mac", "ac", "compare", "neuron_update"]) -> float:
    """What one operation costs in picojoule, with the memory that it takes."""
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
    """The same of a machine that skips multiplications by activations that are zero."""
    skipped = _macs(work, energy) - work.macs_nonzero
    return energy_nj(work, energy) - NJ_PER_PJ * skipped * pj(energy, "mac")


def same_layers_nj(work: Work, energy: Energy) -> float:
    """An ANN of the same layers: every synapse multiplied once."""
    return NJ_PER_PJ * work.dense_macs * pj(energy, "mac")


def spikes_per_neuron(work: StepwiseWork) -> float:
    """T x rate: spikes of an inference over neurons."""
    return work.spikes * work.steps_eval / work.neuron_updates


def first_layer_nj(first: Mapping[str, float], energy: Energy) -> float:
    """What the first layer with synapses takes for what reaches it: an image, or events that were recorded."""
    macs = first[f"macs_{energy.first_layer}"]
    return NJ_PER_PJ * macs * pj(energy, "mac") + NJ_PER_PJ * first["acs"] * pj(energy, "ac")


def break_even(work: StepwiseWork, energy: Energy, other_nj: float, recorded_acs: float = 0.0) -> float | None:
    """T x rate at which the energy would be `other_nj`, all else as it is; none where even silence costs more.

    Accumulates grow in proportion to spikes, but for those of events that were recorded: with E_s the energy of
    accumulates that spikes make, E(r) = E - E_s + E_s r / (T rate).
    """
    by_spikes = NJ_PER_PJ * (work.acs - recorded_acs) * pj(energy, "ac")
    left = other_nj - (energy_nj(work, energy) - by_spikes)
    return left / by_spikes * spikes_per_neuron(work) if by_spikes > 0 and left > 0 else None


def _macs(work: Work, energy: Energy) -> float:
    return work.macs_once if energy.first_layer == "once" else work.macs_every_step
