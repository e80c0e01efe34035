"""One network under one condition becomes one row: validation and test accuracy, and the operations of an inference.

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
from snn.score import score


def run(job: Any, noises: Mapping[str, Any], device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Evaluate` job: rows.csv, one row a condition, and layers.csv, one row a layer of the clean network."""
    training = data.load(job.run.data.training_file, device)
    test = data.load(job.run.data.test_file, device)["test"]
    clean = network.load(job.run.proof, device)
    rows, layer_rows = [], []
    for condition, net in conditions(job, clean, noises):
        value_val = score(net, training["validation"])["accuracy"]
        value_test, operations = judge(net, test)
        samples = {
            "samples_test": len(test),
            "sampling_error": (value_test * (1 - value_test) / len(test)) ** 0.5,
            "samples_seen": job.run.method.training.epochs * len(training["train"]),
        }
        outcome = {"value_val": value_val, "value_test": value_test, **samples}
        rows.append(_row(job.run, clean, {**condition, **outcome, **_work(energy.total(operations))}))
        if condition["condition"] == "clean":
            layer_rows = [
                _layer_row(job.run, i, *pair) for i, pair in enumerate(zip(clean.layers, operations, strict=True))
            ]
    files.write_csv(out / "layers.csv", [row.model_dump() for row in layer_rows])
    files.write_csv(out / "rows.csv", [row.model_dump() for row in rows])
    return {"conditions": len(rows)}


def conditions(job: Any, clean: Network, noises: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Network]]:
    """What to say of each condition, and the network under it."""
    yield {"condition": "clean"}, clean
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
def judge(net: Network, split: Split) -> tuple[float, list[energy.Operations]]:
    """Accuracy over a split, and the operations of an inference layer by layer, in one pass."""
    counter, correct = energy.Counter(net), 0
    for x_BCHW, y_B in split.in_order():
        correct += int((counter.scores(x_BCHW).argmax(1) == y_B).sum())
    return correct / len(split), counter.operations()


def _row(run: Any, clean: Network, measured: dict[str, Any]) -> Row:
    return Row(
        task=run.data.dataset.task,
        dataset=run.data.name,
        network=run.network_name,
        method=run.method_name,
        rule=run.method.rule,
        protocol="held_out",
        steps=run.steps,
        steps_eval=run.steps,
        seed=run.seed,
        metric="accuracy",
        direction="higher",
        parameters=sum(parameter.numel() for parameter in clean.parameters()),
        epochs=run.method.training.epochs,
        threads=run.threads,
        digest=run.digest,
        **measured,
    )


def _layer_row(run: Any, index: int, layer: Any, work: energy.Operations) -> LayerRow:
    identity = {"dataset": run.data.name, "network": run.network_name, "method": run.method_name}
    kind = next(iter(type(layer.spec).model_fields))
    shape = "x".join(map(str, layer.output_shape))
    return LayerRow(**identity, steps=run.steps, seed=run.seed, layer=index + 1, kind=kind, shape=shape, **_work(work))


def _work(work: energy.Operations) -> dict[str, Any]:
    sparsity = 1 - work.spikes / work.neuron_updates if work.neuron_updates else None
    return {**asdict(work), "sparsity": sparsity}
