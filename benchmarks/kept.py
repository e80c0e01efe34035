"""What the memory of a training step holds at its peak.

    python -m benchmarks.kept [--rounds 5]

The steps of `memory` by STBP and TET at T = 16, ours. "currents": numbers in float32 that the backward pass reads, kept
from the forward pass on, each storage counted once, parameters left out. A neuron keeps the current into it, a norm its
own input: with norms every neuron has two. "spikes": the inputs of convolutions, a bit each. "at work": the rest of the
peak, which is what the layer at work needs, forward or backward. Ratios are to the peak of SpikingJelly in the layout
that needs less, so that the parts of a rule add up to its ratio in `memory`. One round, since bytes do not vary.
"""

from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks import measure, memory, nets, peers
from benchmarks.measure import Candidate, Row, Table
from benchmarks.nets import Recipe, Training

STEPS = 16
CASES = {"no norm": (nets.STBP,), "norm": (nets.STBP_NORM, nets.TET_NORM)}
KINDS = {torch.float32: "currents", torch.uint8: "spikes"}
PEER = peers.layouts(peers.SPIKINGJELLY)[-1]


def rows(rounds: int) -> Iterator[Row]:
    """A table per norm; bytes of one round are those of all."""
    if not memory.CLEAR.exists() or peers.missing((PEER,)):
        why = measure.NOT_HERE + "it needs Linux and SpikingJelly"
        yield Row("kept", "all", None, "ours", note=why, **measure.machine())
        return
    for case, recipes in CASES.items():
        before, values = measure.load(), {PEER: memory.megabytes(PEER, case, STEPS)}
        for recipe in recipes:
            values |= divided(recipe, memory.megabytes(recipe.name, case, STEPS))
        candidates = {name: Candidate(lambda: None, model="same") for name in values}
        table = Table("kept", case, STEPS, PEER, candidates, {})
        yield from table.filled({name: [value] for name, value in values.items()}, "MB", before)


def divided(recipe: Recipe, peak: float) -> dict[str, float]:
    """Megabytes of the peak and of its parts, by their names in the table."""
    found = kept(nets.training(recipe, STEPS))
    who = f"ours, {recipe.name}"
    parts = {f"{who}, {kind}": found[kind] / 2**20 for kind in KINDS.values()}
    return {who: peak, **parts, f"{who}, at work": peak - sum(parts.values())}


def kept(ours: Training) -> Counter[str]:
    """Bytes that the forward pass of a rule keeps for its backward pass, by kind."""
    seen, found = {parameter.data_ptr() for parameter in ours.student.parameters()}, Counter[str]()

    def keep(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in seen and x.dtype in KINDS:
            seen.add(storage.data_ptr())
            found[KINDS[x.dtype]] += storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        losses = list(ours.rule.losses(ours.student, ours.batch))
    del losses
    return found


if __name__ == "__main__":
    measure.command("kept", rows, __doc__)
