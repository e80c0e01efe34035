"""Rows of runs.csv made by hand."""

import pandas as pd

WORK = {"spikes": 10.0, "sparsity": 0.9, "macs_once": 5, "macs_every_step": 5, "neuron_updates": 7, "dense_macs": 50}
WORK |= {"macs_nonzero": 4, "compares": 0}
SPENT = ("epoch", "shown", "validated", "updates", "writes", "learning_macs")


def row(method="a", seed=0, val=0.9, test=0.9, **changes) -> dict[str, object]:
    """A row of runs.csv: one method, clean, at its own four steps, unless said otherwise."""
    names = {"task": "classification", "dataset": "d", "network": "n", "rule": "r", "protocol": "held_out"}
    setting = {"steps": 4, "steps_eval": changes.get("steps", 4), "extrapolated": False, "lr": 0.1, "seed": seed}
    condition = {"condition": "clean", "noise": None, "level": None, "chip": None, "status": "ok"}
    arm = {"calibrator": None, "targets": None, "control": None}
    if changes.get("condition") == "calibrated":
        arm = {"calibrator": "ltl_offline", "targets": "own", "control": None}
    last = test if arm["calibrator"] else None
    spent = {f"calibration_{name}": 1 if arm["calibrator"] else None for name in SPENT}
    outcome = {"metric": "accuracy", "direction": "higher", "value_val": val, "value_test": test}
    cost = {"acs": 100.0, "energy_nj": 1.0, "epochs": 9}
    outcome |= {"value_test_last": last, **spent}
    return {"method": method, **names, **setting, **condition, **arm, **outcome, **WORK, **cost, **changes}


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)
