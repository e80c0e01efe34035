"""steps.md: the fewest steps that come within a point of the teacher."""

from typing import Any

import pandas as pd

from snn.report.inputs import Inputs
from snn.report.markdown import table
from snn.report.metric import Metric


def page(inputs: Inputs) -> str:
    """A table with the fewest steps that each method needs, or the best that were tried."""
    steps, title = inputs.table("steps"), f"# Steps in {inputs.name}"
    if len(set(steps.steps_eval)) < 2 or inputs.metric.title != "accuracy":
        return f"{title}\n\nThis experiment does not evaluate the accuracy at several numbers of steps.\n"
    text = (
        "The fewest steps, of those tried, at which the mean over seeds comes within one point of the teacher on"
        " validation data, and test accuracy and cost at these steps. *never*: none of them comes within a point; the"
        " row then shows the steps with the best validation mean. The last columns take every seed by itself, against"
        " its own teacher, without extrapolated steps: how many come within a point, and the median of their fewest."
    )
    return f"{title}\n\n{text}\n\n{table(_fewest_steps(steps, inputs.metric))}\n"


def _fewest_steps(steps: pd.DataFrame, metric: Metric) -> dict[str, list[str]]:
    tried = steps.groupby("method", sort=False)
    best = steps.loc[tried.value_val_mean.idxmax()]
    enough = steps[steps.steps_eval == steps.fewest_steps]
    rows = pd.concat([enough, best]).drop_duplicates("method").set_index("method").loc[best.method]
    return {
        "method": rows.index,
        "trained T": rows.steps,
        "tried T": [", ".join(map(str, own.steps_eval)) for _, own in tried],
        "fewest T": [_fewest(row) for row in rows.itertuples()],
        "test %": [metric.value(*row) for row in rows[["value_test_mean", "value_test_ci95"]].values],
        "ACs": [f"{value:,.0f}" for value in rows.acs],
        "energy nJ": [f"{value:,.1f}" for value in rows.energy_nj],
        "extrapolated": ["yes" if value else "" for value in rows.extrapolated],
        "seeds that reach": [f"{row.seeds_that_reach} of {row.n - row.diverged}" for row in rows.itertuples()],
        "median fewest T": ["never" if pd.isna(value) else f"{value:g}" for value in rows.median_fewest_steps],
    }


def _fewest(row: Any) -> str:
    return f"never; {row.steps_eval} is best" if pd.isna(row.fewest_steps) else f"{row.fewest_steps}"
