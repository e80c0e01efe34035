"""One network under one condition becomes one row: its values on validation and test data, its operations.

The only stage that reads test data. A run is judged clean, in 8-bit integers and, for each of its noise models, on
every chip before and after calibration.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from snn.config import params
from snn.core import files
from snn.core.errors import remake
from snn.data import samples
from snn.data.samples import Samples
from snn.energy import counter as energy
from snn.evaluation.rows import LayerRow, Row
from snn.hardware import chip, int8, trials
from snn.model import network
from snn.model.losses import METRICS, outcomes
from snn.model.network import Network
from snn.training.validation import score

SAMPLE = 512  # training inputs by which activations are scaled to 8 bits


class Condition(NamedTuple):
    """What a row says of its condition, and the network under it; of a calibration also the network as the last epoch
    left it, where that is another one than the chosen.
    """

    said: dict[str, Any]
    net: Network
    last: Network | None = None


def run(job: Any, device: torch.device, out: Path) -> dict[str, Any]:
    """Do a `jobs.Evaluate` job: rows.csv, one row a condition, and layers.csv, one row a layer of the clean network."""
    training = samples.load(job.run.data.training_file, device)
    test = samples.load(job.run.data.test_file, device)["test"]
    clean = network.load(job.run.proof, device)
    facts = {
        "status": network.metadata(job.run.proof)["status"],
        "parameters": sum(parameter.numel() for parameter in clean.parameters()),
        "samples_test": len(test),
        "samples_seen": job.run.epochs * len(training["train"]),
    }
    rows, layer_rows = [], []
    sample, _ = next(training["train"].in_order(SAMPLE))
    for condition in conditions(job, clean, sample):
        value_val = score(condition.net, training["validation"])[0]["value_val"]
        value_test, sampling_error, operations = judge(condition.net, test)
        outcome = {"value_val": value_val, "value_test": value_test, "sampling_error": sampling_error}
        if condition.said["condition"] == "calibrated":
            outcome["value_test_last"] = judge(condition.last, test)[0] if condition.last else value_test
        rows.append(_row(job.run, {**facts, **condition.said, **outcome, **_work(energy.total(operations))}))
        layer_rows = layer_rows or [
            _layer_row(job.run, i, *pair) for i, pair in enumerate(zip(clean.layers, operations, strict=True))
        ]
    files.write_csv(out / "layers.csv", [row.model_dump() for row in layer_rows])
    files.write_csv(out / "rows.csv", [row.model_dump() for row in rows])
    return {"conditions": len(rows)}


def conditions(job: Any, clean: Network, sample: Tensor) -> Iterator[Condition]:
    """Every condition that a run is judged under; clean comes first. `sample`: training inputs."""
    yield Condition({"condition": "clean"}, clean)
    yield Condition({"condition": "int8"}, int8.quantised(clean, sample))
    for steps in job.steps_eval:
        said = {"steps_eval": steps, "extrapolated": clean.architecture.bias_share}
        other = network.at_steps(clean, steps)
        yield Condition({"condition": "clean", **said}, other)
        yield Condition({"condition": "int8", **said}, int8.quantised(other, sample))
    for calibration in job.calibrations:
        for level in calibration.hardware.levels:
            yield from _on_chips(calibration, clean, level)


def _on_chips(calibration: Any, clean: Network, level: float) -> Iterator[Condition]:
    """The chips of a level as they were made, then after every calibration."""
    noise = calibration.hardware.noise
    tensors, metadata = files.read_tensors(calibration.proof, remake(calibration.folder))
    parts = params.noise_parts(noise, level)
    for number in range(calibration.hardware.chips):
        made = chip.manufacture(clean, parts, number)
        yield Condition({"condition": "noisy", **_chip(noise, level, number, made)}, made.network)
    for verdict in trials.verdicts(calibration, level):
        spent = metadata["trials"][verdict.trial.key]
        found = {}
        for name in ("chosen", "last"):
            made = chip.manufacture(clean, parts if verdict.level else [], verdict.chip or 0)
            prefix = f"{verdict.trial.key}/{name}/"
            values = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            if values:
                chip.program(made.network, network.from_numpy(values))
                found[name] = made.network
        cost = {f"calibration_{name}": value for name, value in spent.items()}
        said = {**_chip(noise, verdict.level, verdict.chip, made), **verdict.arm._asdict(), **cost}
        yield Condition({"condition": "calibrated", **said}, found["chosen"], found.get("last"))


def _chip(noise: str, level: float, number: int | None, made: chip.Chip) -> dict[str, Any]:
    return {"noise": noise, "level": level, "chip": number, "draw": made.draw}


@torch.no_grad()
def judge(net: Network, split: Samples) -> tuple[float, float, list[energy.Operations]]:
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
