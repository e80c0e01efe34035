"""Which rows of a table are reported for a method. No torch."""

import pandas as pd

SAME = 12  # decimals at which two differences are the same number


def own_steps(rows: pd.DataFrame, condition: str = "clean") -> pd.DataFrame:
    """The rows, of runs or of the summary, that stand for a method: clean, with the steps that were trained for."""
    return rows[(rows.condition == condition) & (rows.steps_eval == rows.steps)]


def inference(runs: pd.DataFrame) -> pd.Series:
    """Accumulates and multiply-accumulates of an inference of the clean network, by method, learning rate and seed."""
    clean = own_steps(runs).set_index(["method", "lr", "seed"])
    return clean.acs + clean.macs_once
