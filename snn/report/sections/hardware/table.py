"""What noisy chips lose, and what calibration recovers. No torch.

For one seed, with v the value on test data, averaged over the chips of the seed:

    loss = v(noisy) - v(clean)        gain = v(calibrated) - v(noisy)        left = v(calibrated) - v(clean)

Means and half of the 95 % intervals are over seeds; the spread of chips has columns of its own. `gain` is at the epoch
that is best on validation data, where epoch 0 is the chip as manufactured; `gain_last` is at the last epoch, without a
choice. `recovered` is -gain / loss of the means, only if the interval of the loss excludes 0. Control level_0 is
evaluated on the clean network, so its `gain` is over v(clean).
"""

from collections.abc import Iterator

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.select import SAME, inference, own_steps
from snn.report.statistics import interval

PLACE = ["method", "noise", "level"]
TREATMENT = ["calibrator", "targets", "control"]
COST = {
    "samples_shown": "calibration_shown",
    "samples_validated": "calibration_validated",
    "updates": "calibration_updates",
    "writes": "calibration_writes",
    "operations": "operations",
}
COLUMNS = {
    **columns.of_runs([*PLACE, *TREATMENT, "metric", "direction"]),
    "n": columns.N,
    "chips": Column("chips", "over all seeds"),
    "clean": Column(METRIC, "of the clean network on test data: mean over seeds"),
    "noisy": Column(METRIC, "of chips as manufactured: mean over chips, then seeds"),
    "noisy_chips_sd": Column(METRIC, "standard deviation of these chips within a seed: mean over seeds"),
    "calibrated": Column(METRIC, "of chips after calibration: mean over chips, then seeds"),
    "calibrated_chips_sd": Column(METRIC, "standard deviation of these chips within a seed: mean over seeds"),
    **columns.difference("loss", "noisy minus clean"),
    **columns.difference("gain", "calibrated at the chosen epoch minus noisy"),
    **columns.difference("gain_last", "calibrated at the last epoch minus noisy"),
    **columns.difference("left", "calibrated at the chosen epoch minus clean"),
    "recovered": Column("fraction", "minus gain over loss; empty unless the interval of the loss excludes 0"),
    "worse": Column("chips", "that calibration made worse, at the chosen epoch"),
    "worse_last": Column("chips", "that calibration made worse, at the last epoch"),
    "untouched": Column("chips", "for which epoch 0 was chosen"),
    "samples_shown": Column("samples", "that a calibration learned from, counted each time: mean"),
    "samples_validated": Column("samples", "of validation data that a calibration looked at: mean"),
    "updates": Column("updates", "times that a calibration wrote parameters: mean"),
    "writes": Column("values", "that a calibration wrote: mean"),
    "operations": Column("operations", "of learning and of the inferences that were learned from: mean"),
}


def table(inputs: Inputs) -> pd.DataFrame:
    """The table of the section."""
    return recovery(inputs.runs)


def recovery(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per method, noise, level and treatment, then those of controls; of runs at their chosen learning rate."""
    runs = runs[runs.chosen & (runs.steps_eval == runs.steps)]
    clean = own_steps(runs).set_index(["method", "seed"]).value_test
    work = inference(runs)
    per_inference = [work.get((row.method, row.lr, row.seed)) for row in runs[["method", "lr", "seed"]].itertuples()]
    runs = runs.assign(operations=runs.calibration_shown * per_inference + runs.calibration_learning_macs)
    rows = [row for part in _places(runs) for row in _treatments(*part, clean)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _places(runs: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Noisy and calibrated rows of each method, noise and level; level 0, of control level_0, has no noisy rows."""
    chips = runs[runs.noise.notna()]
    for _, own in chips.groupby(["method", "noise"], sort=False):
        for level, rows in own.groupby("level", sort=True):
            noisy = rows[rows.condition == "noisy"]
            yield noisy if level else None, rows[rows.condition == "calibrated"]


def _treatments(noisy: pd.DataFrame | None, calibrated: pd.DataFrame, clean: pd.Series) -> Iterator[dict[str, object]]:
    """A row of the table per treatment and control of one place."""
    for treatment, rows in calibrated.groupby(TREATMENT, sort=False, dropna=False):
        method, seeds = rows.method.iloc[0], sorted(set(rows.seed))
        ideal = clean[method].loc[seeds]
        before = ideal if noisy is None else _by_seed(noisy, "value_test")
        after, last = _by_seed(rows, "value_test"), _by_seed(rows, "value_test_last")
        made = None if noisy is None else noisy.set_index(["seed", "chip"]).value_test
        found = {
            **{name: rows[name].iloc[0] for name in PLACE},
            **dict(zip(TREATMENT, treatment, strict=True)),
            "metric": rows.metric.iloc[0],
            "direction": rows.direction.iloc[0],
            "n": len(seeds),
            "chips": len(rows),
            "clean": ideal.mean(),
            "noisy": before.mean(),
            "noisy_chips_sd": None if noisy is None else _spread(noisy),
            "calibrated": after.mean(),
            "calibrated_chips_sd": _spread(rows),
            **_difference("loss", before - ideal),
            **_difference("gain", after - before),
            **_difference("gain_last", last - before),
            **_difference("left", after - ideal),
            "untouched": int((rows.calibration_epoch == 0).sum()),
            **{name: rows[column].mean() for name, column in COST.items()},
        }
        half = found["loss_ci95"]
        resolved = pd.notna(half) and abs(found["loss"]) > half
        found["recovered"] = -found["gain"] / found["loss"] if resolved else None
        if made is not None:
            own, sign = rows.set_index(["seed", "chip"]), 1 if found["direction"] == "higher" else -1
            found["worse"] = int((sign * (own.value_test - made.loc[own.index]) < 0).sum())
            found["worse_last"] = int((sign * (own.value_test_last - made.loc[own.index]) < 0).sum())
        yield found


def _by_seed(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby("seed")[column].mean()


def _spread(rows: pd.DataFrame) -> float:
    return rows.groupby("seed").value_test.std().mean()


def _difference(name: str, by_seed: pd.Series) -> dict[str, float]:
    by_seed = by_seed.round(SAME)
    sd = float(by_seed.std())
    half = interval(sd, len(by_seed)) if len(by_seed) > 1 else float("nan")
    return {name: float(by_seed.mean()), f"{name}_ci95": half}
