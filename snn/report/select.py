"""Select the rows that are reported as the result of a method. No torch."""

from collections.abc import Collection

import pandas as pd


def at_own_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of runs or of the summary that were evaluated with the steps that they were trained with."""
    return rows[rows.steps_eval == rows.steps]


def own_steps(rows: pd.DataFrame, condition: str = "clean") -> pd.DataFrame:
    """Of these, the rows with one condition."""
    return at_own_steps(rows[rows.condition == condition])


def inference(runs: pd.DataFrame) -> pd.Series:
    """Operations of one inference of the clean network, accumulates plus multiply-accumulates (image at step 1 only).

    The index is method, learning rate and seed.
    """
    clean = own_steps(runs).set_index(["method", "lr", "seed"])
    return clean.acs + clean.macs_once


def trainings(costs: pd.DataFrame, digests: Collection[str]) -> pd.DataFrame:
    """The rows of costs.csv of the trainings that made the runs with these digests, by digest."""
    digest = costs.path.str.extract(r"/s\d+-([0-9a-f]{12})$", expand=False)
    return costs.set_index(digest)[digest.isin(digests).to_numpy()]
