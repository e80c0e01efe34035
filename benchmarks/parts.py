"""What a training step and an epoch spend their time on: convolutions, neurons, norms and the rest.

    python -m benchmarks.parts [--rounds 5]

The steps of `step` at T = 4 and 8 and the epochs of `epoch` at T = 4, each once a round under torch's profiler, which
adds the times of operators without those that they call. "convolutions": the calls into oneDNN alone; their number and
sizes are set by the rule, but ours get channels-last copies of spikes. "neurons": forward and backward, of the ANN its
ReLU; those of SpikingJelly are many small operators and stand in "rest". "norms": batch norms. "linear": products of
linear layers. "bits": spikes packed as bits and unpacked. "copies": of tensors, into other layouts or types. "rest":
all other operators, the optimiser and the loss among them. Ratios are to a whole: to the step of "ANN xT", to the epoch
of SpikingJelly in channels-last memory, which is the faster one for it. The clock is the wall's, since that is the
profiler's: measure on an idle machine. A whole here differs from that in `step` and `epoch` by this clock, by what the
profiler adds to each operator, and by the code where commits differ (see above): there it is told how long a whole
takes, here it is divided, and *why* takes the shares alone from here. Equality: as in `step`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from torch.profiler import ProfilerActivity, profile

from benchmarks import epoch, measure, step
from benchmarks.measure import Row, Table

KINDS = {
    "convolutions": ("aten::mkldnn_convolution", "aten::convolution_backward"),
    "neurons": (
        "_Fire",
        "_FireBackward",
        "_Imitate",
        "_ImitateBackward",
        "aten::clamp_min",
        "aten::threshold_backward",
    ),
    "norms": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
    "linear": ("aten::mm", "aten::addmm"),
    "bits": ("_Convolution", "_ConvolutionBackward"),
    "copies": ("aten::copy_",),
}
REST = "rest"
KIND_OF = {operator: kind for kind, operators in KINDS.items() for operator in operators}


def rows(rounds: int) -> Iterator[Row]:
    """A table per rule and number of steps, then one per epoch."""
    for steps in step.STEPS:
        for recipe, _ in step.CASES:
            yield from divided(step.table(recipe, (), steps), rounds)
    for network, table in epoch.tables():
        faster = epoch.PEERS[-1]
        if faster in table.candidates:
            wholes = {name: table.candidates[name] for name in ("ours", faster)}
            table = replace(table, candidates=wholes, reference=faster)
            yield from divided(replace(table, case=f"epoch, {network}"), rounds)


def divided(whole: Table, rounds: int) -> Iterator[Row]:
    """Milliseconds of the candidates of a table, and of their parts."""
    whole.check()
    names = {(who, kind): f"{who}, {kind}" if kind else who for who in whole.candidates for kind in ("", *KINDS, REST)}
    candidates = {
        name: whole.candidates[who] if not kind else replace(whole.candidates[who], equality=None)
        for (who, kind), name in names.items()
    }
    values: dict[str, list[float]] = {name: [] for name in names.values()}
    before = measure.load()
    for candidate in whole.candidates.values():
        candidate.do()
    for i in range(rounds):
        for who in measure.rotated(list(whole.candidates), i):
            found = parts(whole.candidates[who].do)
            for kind in ("", *KINDS, REST):
                values[names[who, kind]].append(found[kind] if kind else found.total())
    yield from replace(whole, quantity="parts", candidates=candidates).filled(values, "ms", before)


def parts(do: Callable[[], object]) -> Counter[str]:
    """Milliseconds of one call, by kind of operator."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        do()
    found = Counter[str]()
    for event in profiled.key_averages():
        found[KIND_OF.get(event.key, REST)] += event.self_cpu_time_total / 1000
    return found


if __name__ == "__main__":
    measure.command("parts", rows, __doc__)
