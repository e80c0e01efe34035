"""Two methods, compared by pairs of runs with the same seed. No torch.

A seed fixes the initial draw, the order of the data and the split, so only the method differs within a pair:

    d_s = value_left(s) - value_right(s)        mean, sd and n over the seeds s that both sides have

Interval, test and detectable difference are those of `statistics`. p is corrected by Holm within a family: the pairs
that an experiment names, or the pairs of every method with its teacher. A detectable difference is found by the
strictest of Holm's tests, at level 0.05 / m for m tests in the family. Diverged runs count like any other. Test data
decide. The difference on validation data is added, but is optimistic: epochs and learning rates were chosen on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.select import SAME, own_steps
from snn.report.statistics import LEVEL, detectable, holm, interval, t_test, verdict

COLUMNS = {
    "left": Column("", "method"),
    "right": Column("", "method it is compared with"),
    "family": Column("", "asked: a pair that the experiment names; teacher: a method with its teacher"),
    "steps_left": Column("steps", "of the left method"),
    "lr_left": Column("", "learning rate of the left method; empty if nothing is trained"),
    "diverged_left": Column("seeds", "of the left method that diverged"),
    "steps_right": Column("steps", "of the right method"),
    "lr_right": Column("", "learning rate of the right method; empty if nothing is trained"),
    "diverged_right": Column("seeds", "of the right method that diverged"),
    **columns.of_runs(["metric", "direction"]),
    "n": Column("pairs", "seeds that both methods have"),
    "difference": Column(METRIC, "left minus right on test data: mean over pairs"),
    "sd": Column(METRIC, "standard deviation of the differences"),
    "ci95": Column(METRIC, "half the 95 % interval of the mean difference; empty without spread"),
    "p": Column("probability", "two-sided paired t-test"),
    "p_holm": Column("probability", "p corrected by Holm within the family"),
    "detectable": Column(METRIC, "smallest true difference found in 80 % of repetitions by the strictest test"),
    "val_difference": Column(METRIC, "left minus right on validation data: mean over pairs"),
    "val_sd": Column(METRIC, "standard deviation of these"),
    "val_ci95": Column(METRIC, "half the 95 % interval of their mean"),
    "better": Column("", "the better method, if the corrected test resolves the difference"),
    "verdict": Column("", "the result in words"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return compare(inputs.runs, pairs(inputs.teachers, inputs.asked), inputs.asked)


def pairs(teachers: Mapping[str, str], asked: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs to compare, each once: those that the experiment names (`asked`), then each method with its teacher."""
    found: dict[frozenset[str], tuple[str, str]] = {}
    for pair in (*asked, *teachers.items()):
        found.setdefault(frozenset(pair), pair)
    return list(found.values())


def compare(
    runs: pd.DataFrame, pairs: Sequence[tuple[str, str]], asked: Sequence[tuple[str, str]] = ()
) -> pd.DataFrame:
    """One row per pair, in the given order. The pairs in `asked` are one family, the others are another."""
    clean = own_steps(runs[runs.chosen])
    sides = {method: rows.set_index("seed").sort_index() for method, rows in clean.groupby("method")}
    table = pd.DataFrame([_paired(sides[left], sides[right]) for left, right in pairs])
    table.insert(2, "family", ["asked" if pair in asked else "teacher" for pair in pairs])
    for _, family in table[table.n > 1].groupby("family"):
        table.loc[family.index, "p_holm"] = holm(family.p)
        at = LEVEL / len(family)
        table.loc[family.index, "detectable"] = [detectable(row.sd, row.n, at) for row in family.itertuples()]
    verdicts = [verdict(row) for row in table.to_dict("records")]
    return table.assign(better=[better for better, _ in verdicts], verdict=[verdict for _, verdict in verdicts])


def _paired(left: pd.DataFrame, right: pd.DataFrame) -> dict[str, Any]:
    seeds = left.index.intersection(right.index)
    left, right = left.loc[seeds], right.loc[seeds]
    sides = {
        f"{column}_{name}": value
        for name, side in (("left", left), ("right", right))
        for column, value in (
            ("steps", side.steps.iloc[0]),
            ("lr", side.lr.iloc[0] if side.epochs.any() else None),  # a conversion has none
            ("diverged", (side.status == "diverged").sum()),
        )
    }
    test, validation = _differences(left, right, "value_test"), _differences(left, right, "value_val")
    return {
        "left": left.method.iloc[0],
        "right": right.method.iloc[0],
        **sides,
        "metric": left.metric.iloc[0],
        "direction": left.direction.iloc[0],
        "n": len(seeds),
        **test,
        "p": t_test(test["difference"], test["sd"], len(seeds)),
        "p_holm": float("nan"),
        "detectable": float("nan"),
        **{f"val_{name}": value for name, value in validation.items()},
    }


def _differences(left: pd.DataFrame, right: pd.DataFrame, column: str) -> dict[str, float]:
    """Mean, sd and half the interval, which is NaN if all differences are equal."""
    d = (left[column] - right[column]).round(SAME)
    sd = 0.0 if len(d) > 1 and d.nunique() == 1 else float(d.std())
    return {"difference": float(d.mean()), "sd": sd, "ci95": interval(sd, len(d)) if sd else float("nan")}
