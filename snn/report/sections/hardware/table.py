"""What noisy chips lose, and what calibration recovers. No torch.

For one seed, with v the value on test data, averaged over the chips of the seed:

    loss = v(noisy) - v(clean)        gain = v(calibrated) - v(noisy)        left = v(calibrated) - v(clean)

Means are over seeds, each with chips of its own; intervals hold for new seeds, chips and test samples (`intervals`).
`gain` is at the epoch that is best on validation data, where epoch 0 is the chip as manufactured; `gain_last` is at the
last epoch, without a choice; its interval is over seeds, but no narrower than that of `gain`. `recovered` is -gain /
loss, with Fieller's interval; it is empty where the loss is not resolved. `chip_*` is what one new chip of one new
network will show. Diverged seeds are counted and left out. Control level_0 is evaluated on the clean network, so its
`gain` is over v(clean).
"""

from collections.abc import Iterator

import pandas as pd

from snn.core.columns import METRIC, Column
from snn.evaluation.outcomes import Outcomes
from snn.report import columns
from snn.report.inputs import Inputs
from snn.report.intervals import over_seeds, recovered
from snn.report.pairs import Rows, by_seed, converged, difference, new_chip, sign
from snn.report.select import at_own_steps, inference, own_steps

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
    "n": Column("seeds", "over which means are taken; those that diverged are left out"),
    "diverged": Column("seeds", "that diverged"),
    "chips": Column("chips", "over all seeds"),
    "clean": Column(METRIC, "of the clean network on test data: mean over seeds"),
    "noisy": Column(METRIC, "of chips as manufactured: mean over chips, then seeds"),
    "noisy_chips_sd": Column(METRIC, "standard deviation of these chips within a seed: mean over seeds"),
    "calibrated": Column(METRIC, "of chips after calibration: mean over chips, then seeds"),
    "calibrated_chips_sd": Column(METRIC, "standard deviation of these chips within a seed: mean over seeds"),
    **columns.difference("loss", "noisy minus clean"),
    **columns.difference("gain", "calibrated at the chosen epoch minus noisy"),
    **columns.difference(
        "gain_last", "calibrated at the last epoch minus noisy", "over seeds, but at least that of gain"
    ),
    **columns.difference("left", "calibrated at the chosen epoch minus clean"),
    "recovered": Column("fraction", "minus gain over loss; empty unless Fieller's interval has two ends"),
    "recovered_low": Column("fraction", "lower end of that 95 % interval"),
    "recovered_high": Column("fraction", "upper end of that 95 % interval"),
    "chip_low": Column(METRIC, "lower end of the 95 % prediction of `left` for one new chip of a new network"),
    "chip_high": Column(METRIC, "upper end of it"),
    "chip_bound": Column(METRIC, "`left` of such a chip is no worse than this, with a probability of 95 %"),
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
    return recovery(inputs.runs, inputs.outcomes)


def recovery(runs: pd.DataFrame, outcomes: Outcomes) -> pd.DataFrame:
    """One row per method, noise, level and treatment, then those of controls; at the steps of the run."""
    runs = at_own_steps(runs)
    clean = own_steps(runs)
    work = inference(runs)
    per_inference = [work.get((row.method, row.lr, row.seed)) for row in runs[["method", "lr", "seed"]].itertuples()]
    runs = runs.assign(operations=runs.calibration_shown * per_inference + runs.calibration_learning_macs)
    rows = [row for part in _places(runs) for row in _treatments(*part, clean, outcomes)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _places(runs: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Noisy and calibrated rows of each method, noise and level; level 0, of control level_0, has no noisy rows."""
    chips = runs[runs.noise.notna()]
    for _, own in chips.groupby(["method", "noise"], sort=False):
        for level, rows in own.groupby("level", sort=True):
            noisy = rows[rows.condition == "noisy"]
            yield noisy if level else None, rows[rows.condition == "calibrated"]


def _treatments(
    noisy: pd.DataFrame | None, calibrated: pd.DataFrame, clean: pd.DataFrame, outcomes: Outcomes
) -> Iterator[dict[str, object]]:
    """A row of the table per treatment and control of one place."""
    for treatment, rows in calibrated.groupby(TREATMENT, sort=False, dropna=False):
        first, every = rows.iloc[0], rows.seed.nunique()
        seeds = sorted(converged(rows))
        rows = rows[rows.seed.isin(seeds)]
        ideal = clean[(clean.method == first.method) & clean.seed.isin(seeds)]
        before = ideal if noisy is None else noisy[noisy.seed.isin(seeds)]
        gain = _difference("gain", rows, before, outcomes)
        last = _by_seed(rows, "value_test_last") - _by_seed(before, "value_test")
        made = None if noisy is None else noisy.set_index(["seed", "chip"]).value_test
        found = {
            **{name: first[name] for name in PLACE},
            **dict(zip(TREATMENT, treatment, strict=True)),
            "metric": first.metric,
            "direction": first.direction,
            "n": len(seeds),
            "diverged": every - len(seeds),
            "chips": len(rows),
            "clean": _by_seed(ideal, "value_test").mean(),
            "noisy": _by_seed(before, "value_test").mean(),
            "noisy_chips_sd": None if noisy is None else _spread(before),
            "calibrated": _by_seed(rows, "value_test").mean(),
            "calibrated_chips_sd": _spread(rows),
            **_difference("loss", before, ideal, outcomes),
            **gain,
            "gain_last": last.mean(),
            "gain_last_ci95": max(float(over_seeds(last.std(), len(last))), gain["gain_ci95"] or 0.0),
            **_difference("left", rows, ideal, outcomes),
            **_recovered(ideal, before, rows, outcomes),
            **_new_chip(rows, ideal, outcomes),
            "untouched": int((rows.calibration_epoch == 0).sum()),
            **{name: rows[column].mean() for name, column in COST.items()},
        }
        if made is not None:
            own, better = rows.set_index(["seed", "chip"]), sign(first.direction)
            found["worse"] = int((better * (own.value_test - made.loc[own.index]) < 0).sum())
            found["worse_last"] = int((better * (own.value_test_last - made.loc[own.index]) < 0).sum())
        yield found


def _by_seed(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby("seed")[column].mean()


def _spread(rows: pd.DataFrame) -> float:
    return rows.groupby("seed").value_test.std().mean()


def _difference(name: str, left: pd.DataFrame, right: pd.DataFrame, outcomes: Outcomes) -> dict[str, float | None]:
    """Mean and half the interval."""
    found = difference(Rows(left), Rows(right), outcomes)
    return {name: found.mean, f"{name}_ci95": found.interval().half}


def _recovered(
    clean: pd.DataFrame, noisy: pd.DataFrame, calibrated: pd.DataFrame, outcomes: Outcomes
) -> dict[str, float | None]:
    nothing: dict[str, float | None] = dict.fromkeys(("recovered", "recovered_low", "recovered_high"))
    seeds = tuple(sorted(set(clean.seed)))
    lost = clean.value_test.mean() - noisy.value_test.mean()
    if not seeds or sign(clean.direction.iloc[0]) * lost <= 0:
        return nothing
    clean_SN, noisy_SN, calibrated_SN = (by_seed(rows, seeds, outcomes) for rows in (clean, noisy, calibrated))
    gain_SN, loss_SN = calibrated_SN - noisy_SN, noisy_SN - clean_SN
    found = recovered(gain_SN, loss_SN, outcomes.binary)
    if not found:
        return nothing
    share = float(-gain_SN.mean() / loss_SN.mean())
    return {"recovered": share, "recovered_low": found.low, "recovered_high": found.high}


def _new_chip(rows: pd.DataFrame, clean: pd.DataFrame, outcomes: Outcomes) -> dict[str, float | None]:
    """What `left` one new chip will show; nothing is known from one seed, or from one chip a seed."""
    found = new_chip(rows.value_test - rows.seed.map(clean.set_index("seed").value_test), rows, outcomes)
    if not found:
        return {}
    better = sign(rows.direction.iloc[0])
    low, high = sorted(better * end for end in found.new)
    return {"chip_low": low, "chip_high": high, "chip_bound": better * found.at_least}
