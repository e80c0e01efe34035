"""NeuroBench's metrics of every clean network, by its names, as far as our definitions are the same.

`tests/energy/test_counter.py` compares counts of operations with NeuroBench's, network by network, and holds both
numbers where they differ. The file tells for each metric from which column it comes, and what differs.
"""

import json
from collections.abc import Mapping
from typing import Any

from snn.exports.formats import File, Format
from snn.exports.given import Given, whole
from snn.report.metric import SHOWN
from snn.report.units import shifted

VERSION = "2.3"  # whose names and definitions these are, see tests/fixtures/neurobench.json
BYTES = 4  # of a parameter, float32
ACCURACY, ERROR = "ClassificationAccuracy", "MSE"
WEIGHTS = "NeuroBench leaves out weights that are zero; here every synapse counts"
SOURCES = {
    "Footprint": {
        "column": "parameters",
        "definition": f"{BYTES} bytes per parameter of the deployed network, norms folded in",
        "differs": "NeuroBench adds buffers, of which a network in another form may have some",
    },
    "ParameterCount": {
        "column": "parameters",
        "definition": "weights and biases of the deployed network",
        "differs": "",
    },
    "ActivationSparsity": {
        "column": "sparsity",
        "definition": "share of neuron-steps without a spike, over all test samples",
        "differs": "A read-out by votes counts every voter's spike. ANNs have none here, zeros of their ReLU there",
    },
    "SynapticOperations.Effective_ACs": {
        "column": "acs",
        "definition": "accumulates per sample, all steps",
        "differs": f"{WEIGHTS}. Behind an average pool NeuroBench multiplies where spikes add here",
    },
    "SynapticOperations.Effective_MACs": {
        "column": "macs_every_step; of ANNs macs_nonzero",
        "definition": "multiply-accumulates per sample, all steps",
        "differs": f"{WEIGHTS}. It leaves out pixels that are zero, and takes images of zeros and ones for spikes",
    },
    "SynapticOperations.Dense": {
        "column": "dense_macs times steps_eval",
        "definition": "operations per sample, all steps, if every input is an event; borders exact",
        "differs": "",
    },
    ACCURACY: {
        "column": "value_test",
        "definition": "share of test samples classified correctly",
        "differs": "runs.csv has percent",
    },
    ERROR: {"column": "value_test", "definition": "mean squared error on test data", "differs": ""},
}
LEFT_OUT = {
    "ConnectionSparsity": "zero weights are not counted in any table",
    "ActivationSparsityByLayer": "see tables/layers.csv; NeuroBench's names of layers depend on the library",
    "MembraneUpdates": "NeuroBench counts resets, neuron_updates counts neurons times steps",
}
NAMES = ("method", "rule", "seed", "steps", "steps_eval", "lr", "status", "digest")


class Neurobench(Format):
    """neurobench.json."""

    def files(self, given: Given, made: Mapping[str, File]) -> dict[str, File]:
        """A document with definitions, what is left out, and an entry per clean network and number of steps."""
        clean = given.runs[given.runs.condition == "clean"]
        metric = clean.metric.iloc[0]
        other = ERROR if metric == "accuracy" else ACCURACY
        document = {
            "neurobench": VERSION,
            "experiment": given.name,
            "dataset": clean.dataset.iloc[0],
            "network": clean.network.iloc[0],
            "tables": given.digest,
            "definitions": {name: source for name, source in SOURCES.items() if name != other},
            "left_out": LEFT_OUT,
            "results": [_result(row, metric) for row in clean.to_dict("records")],
        }
        content = json.dumps(document, indent=1) + "\n"
        return {"neurobench.json": File(content.encode(), "application/json", "NeuroBench's metrics of clean networks")}


def _result(row: Mapping[str, str], metric: str) -> dict[str, Any]:
    named: dict[str, Any] = {name: row[name] for name in NAMES}
    named |= {name: int(whole(row[name])) for name in ("seed", "steps", "steps_eval")}
    return {**named, "lr": float(row["lr"]), "metrics": metrics(row, metric)}


def metrics(row: Mapping[str, str], metric: str) -> dict[str, Any]:
    """What NeuroBench's `Benchmark.run` would return for a row of runs.csv, without what is left out."""
    parameters, steps = int(whole(row["parameters"])), int(whole(row["steps_eval"]))
    spiking = float(row["neuron_updates"]) > 0
    value = shifted(float(row["value_test"]), -SHOWN[metric].decimals)
    found: dict[str, Any] = {"Footprint": BYTES * parameters, "ParameterCount": parameters}
    if row["sparsity"]:
        found["ActivationSparsity"] = float(row["sparsity"])
    found["SynapticOperations"] = {
        "Effective_MACs": float(row["macs_every_step" if spiking else "macs_nonzero"]),
        "Effective_ACs": float(row["acs"]),
        "Dense": float(row["dense_macs"]) * steps,
    }
    return {**found, ACCURACY if metric == "accuracy" else ERROR: value}
