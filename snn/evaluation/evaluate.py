"""Rows: the values and operations of one network under one condition.

The only stage that reads test data.
"""

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from snn.core import stored
from snn.core.observer import TERMINAL, Observer
from snn.data import samples
from snn.data.samples import Samples
from snn.energy.counter import Counter, Operations, total
from snn.evaluation.conditions import Calibrated, Condition, conditions, number_of_rows
from snn.evaluation.outcomes import NAME, Outcomes
from snn.evaluation.rows import LayerRow, Row
from snn.model import network
from snn.model.losses import METRICS
from snn.model.network import Network
from snn.training.validation import Score, score, score_each

SAMPLE = 512  # training inputs that set the range of 8-bit activations


@dataclass(frozen=True)
class Subject:
    """The run to evaluate: its columns in every row, and the files of its network and data."""

    dataset: str
    network: str
    method: str
    rule: str
    steps: int
    seed: int
    epochs: int
    threads: int
    digest: str
    net: Path
    training_data: Path
    test_data: Path


class Measured(NamedTuple):
    """What is measured of a network: its value on validation data, its score on test data, its operations.

    `value_val` is None for a chip with other steps than its own.
    """

    value_val: float | None
    tested: Score
    operations: list[Operations]


def run(
    subject: Subject,
    calibrations: Sequence[Calibrated],
    steps_eval: Sequence[int],
    device: torch.device,
    out: Path,
    observer: Observer = TERMINAL,
) -> dict[str, int]:
    """Write rows.csv, one row per condition and number of steps, with the outcome of every test sample in
    outcomes.safetensors, and layers.csv, one row per layer of the clean network.

    `steps_eval`: numbers of steps at which networks and chips are evaluated besides their own.
    Returns the number of rows. Raises InputError naming a file that cannot be read.
    """
    training = samples.load(subject.training_data, device)
    test = samples.load(subject.test_data, device)["test"]
    clean = network.load(subject.net, device)
    about = network.metadata(subject.net)
    facts = {
        "status": about["status"],
        "lr": about["lr"],
        "parameters": sum(parameter.numel() for parameter in clean.parameters()),
        "samples_test": len(test),
        "samples_seen": subject.epochs * len(training["train"]),
    }
    rows: list[Row] = []
    outcomes: list[np.ndarray] = []
    known: dict[Hashable, list[Measured]] = {}
    layer_rows: list[LayerRow] = []
    sample, _ = next(training["train"].in_order(SAMPLE))
    with observer.progress(number_of_rows(calibrations, steps_eval), "row") as progress:
        for condition in conditions(clean, sample, calibrations, steps_eval):
            same = condition.key, condition.steps
            if same not in known:
                known[same] = _measured(condition, subject.steps, training["validation"], test)
            for steps, measured in zip(condition.steps, known[same], strict=True):
                value_val, tested, operations = measured
                outcome = {"value_val": value_val, "value_test": tested.value, "sampling_error": tested.sampling_error}
                if condition.columns["condition"] == "calibrated" and steps == subject.steps:
                    last = score(condition.last().predict, test) if condition.last else tested
                    outcome["value_test_last"] = last.value
                columns = {**facts, **condition.columns, "steps_eval": steps, **outcome, **_work(total(operations))}
                rows.append(_row(subject, test.task, columns))
                outcomes.append(tested.outcomes_N.numpy(force=True))
                layer_rows = layer_rows or _layer_rows(subject, about["lr"], clean, operations)
                progress.step()
    stored.write_csv(out / "layers.csv", [row.model_dump() for row in layer_rows])
    Outcomes.of(np.stack(outcomes), METRICS[test.task][0] == "accuracy").write(out / NAME)
    stored.write_csv(out / "rows.csv", [row.model_dump() for row in rows])
    return {"rows": len(rows)}


def _measured(condition: Condition, own: int, validation: Samples, test: Samples) -> list[Measured]:
    """What is measured at each number of steps of a condition; `own`: those of the run.

    Clean and 8-bit networks are validated at all of them, chips at their own only: nothing is chosen by the others.
    """
    net, on_chip = condition.net(), "noise" in condition.columns
    ends = [steps for steps in condition.steps if steps == own or not on_chip]
    if condition.value_val is not None:
        validated = {own: condition.value_val}
    elif ends:
        scores = score_each(lambda x: net.predict_at(x, ends), validation)
        validated = {steps: found.value for steps, found in zip(ends, scores, strict=True)}
    else:
        validated = {}
    tested = measure_at(net, test, condition.steps)
    return [Measured(validated.get(steps), *found) for steps, found in zip(condition.steps, tested, strict=True)]


def measure(net: Network, shown: Samples) -> tuple[Score, list[Operations]]:
    """The score of a network, and the operations of one inference per layer, in one pass over the samples."""
    return measure_at(net, shown, (net.architecture.steps,))[0]


def measure_at(net: Network, shown: Samples, ends: Sequence[int]) -> list[tuple[Score, list[Operations]]]:
    """The same for inferences that end after each of these numbers of steps, in rising order, in one pass for all."""
    counter = Counter(net, shown.spikes, ends)
    scores = score_each(counter.scores_at_ends, shown)
    return [(found, counter.operations(steps)) for found, steps in zip(scores, ends, strict=True)]


def _row(subject: Subject, task: str, measured: dict[str, Any]) -> Row:
    metric, direction = METRICS[task]
    identity = {
        "task": task,
        "dataset": subject.dataset,
        "network": subject.network,
        "method": subject.method,
        "rule": subject.rule,
        "protocol": "held_out",
        "steps": subject.steps,
        "seed": subject.seed,
        "metric": metric,
        "direction": direction,
        "epochs": subject.epochs,
        "threads": subject.threads,
        "digest": subject.digest,
    }
    return Row(**{**identity, **measured})


def _layer_rows(subject: Subject, lr: float, clean: Network, operations: Sequence[Operations]) -> list[LayerRow]:
    return [
        LayerRow(
            dataset=subject.dataset,
            network=subject.network,
            method=subject.method,
            steps=subject.steps,
            lr=lr,
            seed=subject.seed,
            layer=number,
            kind=type(layer.spec).__name__.lower(),
            shape="x".join(map(str, layer.output_shape)),
            **_work(work),
        )
        for number, (layer, work) in enumerate(zip(clean.layers, operations, strict=True), start=1)
    ]


def _work(work: Operations) -> dict[str, Any]:
    sparsity = 1 - work.spikes / work.neuron_updates if work.neuron_updates else None
    return {**asdict(work), "sparsity": sparsity}
