"""Select the rows that are reported as the result of a method. No torch."""

import pandas as pd

SAME = 12  # decimals to which differences are rounded before they are compared


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
