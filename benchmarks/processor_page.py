"""The page docs/results/processor.md, from the tables of `benchmarks.processor`."""

import math
from pathlib import Path

import pandas as pd

from snn.report import markdown
from snn.report.metric import SHOWN, Metric
from snn.report.pairs import OUTCOME

PAGE = Path("docs", "results", "processor.md")
SIDES = ("first", "second")
ABOUT = """\
# How far a run moves with the processor

Written by `python -m benchmarks.processor` from `results/benchmarks/processor.csv` and `processor_verdicts.csv`, do not
edit.

Sums of products are added in an order that depends on the instructions of the processor. Their last bits differ, a
membrane that was just below its threshold is just above it, and a training that is repeated on another processor ends
in another network. Digests do not name the processor: two folders of results with the same name may hold other numbers.

## How it was measured

All runs of the experiment `{experiment}` were made twice, from the same code, parameters and seeds:

{machines}

The change of a run is the second test value minus the first, under the same seed, on the same {samples:,} test samples.
Its mean has a 95 % interval for new seeds and new test samples. sd: standard deviation over seeds. Changes and sd are
in {unit}.

    python -m benchmarks.processor results/tables/{experiment} OTHER/results/tables/{experiment}

compares two folders of tables, in which OTHER is a copy of the project. It refuses tables of other code or parameters.

## Runs

{total}

{methods}

## What it means

A repetition elsewhere is another draw of the run, and no error. If it were as independent as a new seed, the sd of the
change would be that of the difference of two seeds, {root} {unit}. If instructions changed nothing, it would be 0. It
is {sd_change} (root mean squares over methods).

* Intervals of means, and of paired differences, cover this. Every run has rounding errors of its own, so the spread
  over seeds contains the spread seen here. The 95 % interval of the first mean holds the second mean for {held} of
  {count} methods.
* Neither set of instructions is seen to be better for {zero} of {count} methods: the interval of the mean change over
  seeds holds 0, even the narrower one for these test samples alone.
* A verdict whose interval ends close to 0, or to a margin, may turn with any new draw, of seeds or of rounding errors.
* The value of a single run, or a difference of two single runs, is known to no better than the changes above.
* Equal numbers, digit by digit, can only be expected from equal instructions.

## Verdicts

{turned}

{verdicts}

## How to pin the instructions

    ATEN_CPU_CAPABILITY=avx2 DNNL_MAX_CPU_ISA=AVX2 make reproduce EXPERIMENT={experiment}

The first variable limits torch and the compiled neuron, the second one oneDNN, which computes convolutions. Set both
before the first job of a campaign and for all of its jobs. They are no part of a digest, so results that are there
already are not made again. The file `provenance.json` of every result records them under `arithmetic`, the column
`machine` of `costs.csv` repeats them, and the summary of an experiment warns if its runs were made in several ways.

Earlier, 14 runs were repeated on another processor, and 13 of them differed, by up to 2.2 points. With both variables
set they were reproduced. The tables of that repetition were not kept. Other libraries may choose instructions, too:
`MKL_CBWR` and `MKL_ENABLE_INSTRUCTIONS` are recorded in the same way.
"""


def text(found: pd.DataFrame, of_verdicts: pd.DataFrame) -> str:
    """The page, from both tables."""
    one, metric = found.iloc[0], SHOWN[found.metric.iloc[0]]
    over_seeds = math.sqrt((found.sd_first**2 + found.sd_second**2).mean())
    return ABOUT.format(
        experiment=one.experiment,
        machines="\n".join(f"* {side}: {one[f'machine_{side}']}; commit {one[f'commit_{side}'][:7]}" for side in SIDES),
        samples=one.samples,
        unit=metric.difference_unit,
        total=_total(found),
        methods=_methods(found),
        root=_shown(over_seeds, metric),
        sd_change=_shown(math.sqrt((found.sd_change**2).mean()), metric),
        zero=(found.change.abs() <= found[["ci95", "ci95_seeds"]].min(axis=1)).sum(),
        held=(found.change.abs() <= found.ci95_first).sum(),
        count=len(found),
        turned=_turned(of_verdicts),
        verdicts=_verdicts(of_verdicts),
    )


def _shown(value: float, metric: Metric, sign: str = "") -> str:
    """With one digit more than results, since changes are small."""
    return f"{metric.factor * value:{sign}.{metric.digits + 1}f}"


def _total(found: pd.DataFrame) -> str:
    metric, diverged = SHOWN[found.metric.iloc[0]], found.diverged.sum()
    most = f"{_shown(found.largest.max(), metric)} {metric.difference_unit}"
    total = f"{found.differ.sum()} of {found.runs.sum()} runs end with another test {metric.title}, by up to {most}."
    return f"{total} {diverged} seeds in which a run diverged are left out." if diverged else total


def _methods(found: pd.DataFrame) -> str:
    metric = SHOWN[found.metric.iloc[0]]
    changes = zip(found.change, found.ci95, strict=True)
    columns = {
        "method": found.method,
        "runs": found.runs,
        "differ": found.differ,
        "largest change": [_shown(value, metric) for value in found.largest],
        "mean change": [f"{_shown(mean, metric, '+')} ± {_shown(half, metric)}" for mean, half in changes],
        "sd of the change": [_shown(value, metric) for value in found.sd_change],
    }
    for side in SIDES:
        columns[f"sd over seeds, {side}"] = [_shown(value, metric) for value in found[f"sd_{side}"]]
    return markdown.table(columns)


def _turned(rows: pd.DataFrame) -> str:
    """How many verdicts differ: on outcomes, of primary pairs, other comparisons and claims; and on everything else.

    Also how many contradict each other.
    """
    turned, resolved = rows.verdict_first != rows.verdict_second, _resolved(rows, "first") & _resolved(rows, "second")
    outcome, primary, claims = rows.column == OUTCOME, rows.family == "primary", rows.table == "claims"
    kinds = {
        "primary pairs": outcome & primary,
        "other comparisons": outcome & ~primary & ~claims,
        "claims": outcome & claims,
    }
    counts = [f"{(turned & kind).sum()} of {kind.sum()} {name}" for name, kind in kinds.items() if kind.any()]
    none = "" if primary.any() else " The experiment names no primary pairs."
    return (
        f"Verdicts on test data that turned: {', '.join(counts)}.{none}\n"
        f"Verdicts on operations, energy and ratios that turned: {(turned & ~outcome).sum()} of {(~outcome).sum()}.\n"
        f"Both verdicts are resolved, and contradict each other, in {(turned & resolved).sum()} of these "
        f"{turned.sum()}; in the others one is *not resolved*."
    )


def _resolved(rows: pd.DataFrame, side: str) -> pd.Series:
    return ~rows[f"verdict_{side}"].str.startswith("not ")


def _verdicts(rows: pd.DataFrame) -> str:
    """Those on outcomes, and those that turned, with the intervals that they were read off."""
    turned = rows.verdict_first != rows.verdict_second
    shown = (rows.column == OUTCOME) | turned
    rows, turned = rows[shown], turned[shown]
    columns = {"comparison or claim": rows.about, "column": rows.column, "family": rows.family.fillna("")}
    for side in SIDES:
        ends = zip(rows[f"low_{side}"], rows[f"high_{side}"], strict=True)
        columns[f"{side} interval"] = [
            " to ".join("open" if pd.isna(end) else f"{end:,.2f}" for end in e) for e in ends
        ]
        columns[f"{side} verdict"] = rows[f"verdict_{side}"]
    return markdown.table(columns | {"": ["*turned*" if one else "" for one in turned]})
