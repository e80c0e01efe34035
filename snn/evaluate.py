"""One network under one condition becomes one row: its values on validation and test data, its operations.

The only stage that reads test data. A run is judged clean and, for each of its noise models, on every chip before and
after calibration.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from snn import data, energy, files, hardware, network
from snn.data import Split
from snn.network import Network
from snn.schema import LayerRow, Row
from snn.score import METRICS, outcomes, score


def run(job: Any, noises: Mapping[str, Any], device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Evaluate` job: rows.csv, one row a condition, and layers.csv, one row a layer of the clean network."""
    training = data.load(job.run.data.training_file, device)
    test = data.load(job.run.data.test_file, device)["test"]
    clean = network.load(job.run.proof, device)
    facts = {
        "status": network.metadata(job.run.proof)["status"],
        "parameters": sum(parameter.numel() for parameter in clean.parameters()),
        "samples_test": len(test),
        "samples_seen": job.run.epochs * len(training["train"]),
    }
    rows, layer_rows = [], []
    for condition, net in conditions(job, clean, noises):
        value_val = score(net, training["validation"])[0]["value_val"]
        value_test, sampling_error, operations = judge(net, test)
        outcome = {"value_val": value_val, "value_test": value_test, "sampling_error": sampling_error}
        rows.append(_row(job.run, {**facts, **condition, **outcome, **_work(energy.total(operations))}))
        layer_rows = layer_rows or [
            _layer_row(job.run, i, *pair) for i, pair in enumerate(zip(clean.layers, operations, strict=True))
        ]
    files.write_csv(out / "layers.csv", [row.model_dump() for row in layer_rows])
    files.write_csv(out / "rows.csv", [row.model_dump() for row in rows])
    return {"conditions": len(rows)}


def conditions(job: Any, clean: Network, noises: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Network]]:
    """What to say of each condition, and the network under it; clean comes first."""
    yield {"condition": "clean"}, clean
    for steps in job.steps_eval:
        said = {"steps_eval": steps, "extrapolated": clean.architecture.bias_share}
        yield {"condition": "clean", **said}, network.at_steps(clean, steps)
    for calibration in job.calibrations:
        noise = noises[calibration.hardware.noise]
        after = hardware.read(calibration.proof)
        for level, chip in hardware.chips(calibration):
            said = {"noise": calibration.hardware.noise, "level": level, "chip": chip}
            made = hardware.manufacture(clean, noise, calibration.noise.options, level, chip)
            yield {**said, "condition": "noisy"}, made
            hardware.program(made, after, level, chip)
            how = {"calibrator": "ltl_offline", "targets": calibration.targets}
            yield {**said, **how, "condition": "calibrated"}, made


@torch.no_grad()
def judge(net: Network, split: Split) -> tuple[float, float, list[energy.Operations]]:
    """Mean outcome over a split, its standard error, and the operations of an inference layer by layer, in one pass."""
    counter, found = energy.Counter(net, split.spikes), []
    for x, y in split.in_order():
        found.append(outcomes(counter.scores(x), y).double())
    found_N = torch.cat(found)
    return float(found_N.mean()), float(found_N.std(correction=0)) / len(split) ** 0.5, counter.operations()


def _row(run: Any, measured: dict[str, Any]) -> Row:
    metric, direction = METRICS[run.data.dataset.task]
    identity = {
        "task": run.data.dataset.task,
        "dataset": run.data.name,
        "network": run.network_name,
        "method": run.method_name,
        "rule": run.method.rule,
        "protocol": "held_out",
        "steps": run.steps,
        "steps_eval": run.steps,
        "lr": run.method.training.lr,
        "seed": run.seed,
        "metric": metric,
        "direction": direction,
        "epochs": run.epochs,
        "threads": run.threads,
        "digest": run.digest,
    }
    return Row(**{**identity, **measured})


def _layer_row(run: Any, index: int, layer: Any, work: energy.Operations) -> LayerRow:
    identity = {"dataset": run.data.name, "network": run.network_name, "method": run.method_name}
    kind = type(layer.spec).__name__.lower()
    shape = "x".join(map(str, layer.output_shape))
    return LayerRow(
        **identity,
        steps=run.steps,
        lr=run.method.training.lr,
        seed=run.seed,
        layer=index + 1,
        kind=kind,
        shape=shape,
        **_work(work),
    )


def _work(work: energy.Operations) -> dict[str, Any]:
    sparsity = 1 - work.spikes / work.neuron_updates if work.neuron_updates else None
    return {**asdict(work), "sparsity": sparsity}
