"""What sections are made from, by hand: an experiment `x` on made-up rows."""

import pandas as pd

from snn import config
from snn.config import params
from snn.report.inputs import Inputs
from tests import outcomes

COSTS = pd.DataFrame({"device": ["cpu"], "versions": ["1"], "machine": ["a processor AVX2"]})
LAYERS = pd.DataFrame(columns=["method", "lr", "seed", "layer", "spikes", "neuron_updates"])
NO_TUNING = pd.DataFrame({"method": [], "lr": [], "seed": []})
NO_FLAGS = pd.DataFrame(columns=["method", "condition", "steps", "steps_eval", "flags"])
NOTHING = {"claims": config.Claims(source="none", claims=()), "published": config.Published(source="none", figures=())}


def experiment(**changes) -> config.Experiment:
    names = {"source": "by hand", "dataset": "d", "network": "n", "energy": "horowitz45_fp32"}
    run = {"steps": 4, "teacher": "ann", "methods": ("a",), "seeds": (0, 1)}
    return config.Experiment(**{**names, **run, **changes})


def inputs(runs: pd.DataFrame | None = None, made=None, collected=None, teachers=None, **changes) -> Inputs:
    """Inputs with these rows of runs.csv, these tables of sections made already and these collected tables.

    Outcomes have the means that the rows tell.
    """
    asked = experiment(**{name: changes.pop(name) for name in list(changes) if name in config.Experiment.model_fields})
    runs = pd.DataFrame({"metric": ["accuracy"], "method": ["a"], "lr": [0.1]}) if runs is None else runs
    runs = runs.reset_index(drop=True)
    named = runs.noise.dropna() if "noise" in runs else ()
    noises = dict.fromkeys([*(hardware.noise for hardware in asked.hardware), *named])
    known = params.names("noise")
    given = {
        "name": "x",
        "dataset": "d-train60",
        "experiment": asked,
        "layout": "published",
        "classes": 10,
        "teachers": dict.fromkeys(asked.methods, asked.teacher) if teachers is None else teachers,
        "static": frozenset(),
        "rules": {},
        "energies": {name: params.load("energy", name) for name in params.names("energy")},
        "noises": {name: params.load("noise", name) for name in noises if name in known},
        **NOTHING,
        "collected": {"runs": runs, "costs": COSTS, "layers": LAYERS, "tuning": NO_TUNING, **(collected or {})},
        "outcomes": outcomes.of(runs if "value_test" in runs else runs.assign(value_test=0.5)),
        "made": dict(made or {}),
    }
    return Inputs(**{**given, **changes})
