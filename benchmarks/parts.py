"""What a training step spends its time on: convolutions, neurons, norms and the rest, beside the same step by an ANN.

    python -m benchmarks.parts [--rounds 5]

The steps of `step` at T = 4, each once a round under torch's profiler, which adds the times of operators without those
that they call. "convolutions": the calls into oneDNN alone; their number and sizes are set by the rule. "neurons":
forward and backward, of the ANN its ReLU. "norms": batch norms. "rest": all other operators. Ratios are to the whole
step of "ANN xT". The clock is the wall's, since that is the profiler's: measure on an idle machine. A whole here
differs from that in `step` by this clock, by what the profiler adds to each operator, and by the code where commits
differ (see above): `step` tells how long a step takes, these rows divide it. Equality: as in `step`.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from torch.profiler import ProfilerActivity, profile

from benchmarks import measure, nets, step
from benchmarks.measure import Candidate, Row, Table
from benchmarks.nets import Recipe

STEPS = 4
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
}
REST = "rest"
KIND_OF = {operator: kind for kind, operators in KINDS.items() for operator in operators}


def rows(rounds: int) -> Iterator[Row]:
    """A table per rule."""
    for recipe, _ in step.CASES:
        yield from table(recipe, rounds)


def table(recipe: Recipe, rounds: int) -> Iterator[Row]:
    """Milliseconds of the parts of both steps, and of the whole."""
    ours = nets.training(recipe, STEPS)
    norm = ours.student.architecture.norm
    equality = ours.equality()
    equality.check(f"parts, {recipe.name}")
    do = {step.BOUND: nets.ann_step(nets.half_vgg11(), STEPS, norm), "ours": ours.step}
    models = {step.BOUND: "ANN", "ours": "same"}
    names = {(who, kind): f"{who}, {kind}" if kind else who for who in do for kind in ("", *KINDS, REST)}
    candidates = {
        name: Candidate(do[who], None if kind or who == step.BOUND else equality, models[who])
        for (who, kind), name in names.items()
    }
    values: dict[str, list[float]] = {name: [] for name in names.values()}
    before = measure.load()
    for call in do.values():
        call()
    for i in range(rounds):
        for who in measure.rotated(list(do), i):
            found = parts(do[who])
            for kind in ("", *KINDS, REST):
                values[names[who, kind]].append(found[kind] if kind else found.total())
    yield from Table("parts", recipe.name, STEPS, step.BOUND, candidates, {}).filled(values, "ms", before)


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
