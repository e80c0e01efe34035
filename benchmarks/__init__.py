"""Speed and memory of the product beside its peers, as ratios that a loaded machine does not change much.

    make bench                                      # all quantities: results/benchmarks/*.csv and docs/results/speed.md
    make bench QUANTITIES="neuron step" ROUNDS=3    # some of them
    python -m benchmarks.neuron --rounds 3          # one of them; add peers by .venv-peers/bin/python

A quantity is a file here with a function `rows`, found by its name; there is no list to edit:

    neuron       the neuron alone, forward and backward
    step         a training step, by rule and number of steps
    parts        what a training step and an epoch spend their time on
    memory       the highest memory of a training step
    kept         what this memory holds
    inference    inference with exact counts of operations, against without
    epoch        one epoch of training, batches included
    loading      batches alone, against torch's DataLoader
    gpu          neuron and training step where there is a CUDA device
    startup      what a job costs before it computes, with and without the warm parent
    planning     plans of more and more runs
    tables       tables, reports and pages

The files beside:

    measure      interleaved rounds, their ratios, the rows of a quantity and its command line
    nets         the networks that several quantities share
    workflows    copies of the project in which commands run, and the time of all their processes
    peers        the same networks by SpikingJelly, snnTorch and norse
    readable     the neuron as a plain loop that torch differentiates, and networks by their definition
    page         the page and the figure, from the rows
    targets      what is to be reached, and what the rows say of it
    processor    runs made twice, on two processors or with two sets of instructions: how far they move, and
                 docs/results/processor.md, which `processor_page` writes
    precision    what products in bfloat16 do to accuracy, from tables of two experiments
    coverage     how often predictions for chips, and what they recover, cover what they should
    contradictions    verdicts of generated experiments that contradict each other: there are none
    neurobench_fixture, tonic_fixture, rate_curve    references of tests, and a figure of the docs
"""

from pathlib import Path

FOLDER = Path("results", "benchmarks")  # of the rows, a CSV per quantity


def figure(value: float) -> str:
    """A ratio as text: three decimals, or two digits if it is small."""
    return f"{value:.3f}" if value >= 0.1 else f"{value:.2g}"
