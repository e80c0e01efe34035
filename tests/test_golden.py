"""Numbers that a refactor must leave alone: every method trains, runs and is calibrated on a chip, tiny and fixed.

`python -m snn adopt` lets results pass to refactored code only when these numbers are unchanged. They are computed in
double precision on one thread, so that they hang on the code and hardly on the machine. After a change that is meant to
move them, or for a new method or noise model, write them anew and commit them:

    .venv/bin/python -m tests.test_golden
"""

import json
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from snn import arms, chip, data, energy, evaluate, files, hardware, kinds, network, params, train
from snn.rules import Task
from snn.spec import AvgPool, Conv, Linear

GOLDEN = Path(__file__).with_name("golden") / "losses.json"
CHIPS = GOLDEN.with_name("chips.json")
STEPS = 4
LAYERS = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6, stride=2), Linear(linear=12))
DATASET = SimpleNamespace(task="classification", augment=kinds.Augment(shift=1))
CALIBRATION = kinds.Calibration(
    samples=24, epochs=2, batch=12, lr=1e-2, calibrators=("ltl_offline",), targets=("own",), warm_up=1
)


@dataclass(frozen=True)
class Double(data.Split):
    """Samples in double precision."""

    def shown(self, x_BCHW):
        return super().shown(x_BCHW).double()


@contextmanager
def exact():
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)


def split(name, samples):
    x_NCHW = torch.randint(17, (samples, 1, 8, 8), generator=data.generator("golden", name), dtype=torch.uint8)
    return Double(x_NCHW, torch.arange(samples) % 3, torch.tensor([8.0]), torch.tensor([5.0]))


@cache
def trained(name, steps=None):
    """A method after three updates: its student, the course of its training, its teacher."""
    method = params.load("methods", name)
    rule = params.load_plugin("rules", method.rule, name).Rule(method.options)
    teacher = trained(method.teacher or "ann")[1].best if rule.parents else None
    begin = trained(method.start.method, method.start.steps)[0] if method.start else None
    steps = steps or max(STEPS, getattr(method.options, "warm_up", 0) + 1)
    task = Task((1, 8, 8), 3, LAYERS, 1 if rule.static else steps)
    parts = {"train": split("train", 24), "validation": split("validation", 12)}
    recipe = method.model_copy(update={"training": method.training.model_copy(update={"epochs": 3, "batch": 24})})
    parents = {"teacher": teacher} if teacher else {}
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder, start = Path(name_of_folder), None
        if begin:
            start = files.write_tensors(folder / "start.safetensors", network.to_numpy(begin.state_dict()), {})
        return *train.fit(rule, task, parts, recipe, DATASET, 0, parents, folder / "resume", name, start), teacher


def measure(name):
    """Losses of the updates and of validation, operations of an inference, the same after calibration on chips."""
    with exact():
        _, course, teacher = trained(name)
        net = course.best
        found = {f"loss {row['epoch']}": row["loss"] or 0.0 for row in course.history}
        found |= {f"validation loss {row['epoch']}": row["validation_loss"] for row in course.history}
        found |= {f"clean {what}": value for what, value in operations(net).items()}
        percentile = getattr(params.load("methods", name).options, "percentile", 100)
        reference = hardware.Reference(net, teacher, percentile)
        if any(layer.fires for layer in net.layers):
            found |= on_chip("mismatch", 0.2, net, reference, "ltl_offline")
        return found


@cache
def measure_noise(name):
    """A network of STBP on a chip of every noise model, before and after every calibrator."""
    with exact():
        net, levels = trained("stbp")[1].best, params.load("noise", name).levels
        reference, found = hardware.Reference(net, None, 100.0), {}
        for calibrator in sorted(path.stem for path in Path("snn/calibrators").glob("[a-z]*.py")):
            numbers = on_chip(name, levels[len(levels) // 2], net, reference, calibrator)
            found |= {f"{calibrator} {what}": value for what, value in numbers.items()}
        return found


def on_chip(noise, level, net, reference, calibrator):
    parts = params.noise_parts(noise, level)
    made = chip.manufacture(net, parts, 0).network
    found = {f"{noise} noisy {what}": value for what, value in operations(made).items()}
    trial = arms.Trial(arms.Arm(calibrator, "own"), level, 0)
    settings = SimpleNamespace(noise=noise, calibration=CALIBRATION)
    job = SimpleNamespace(hardware=settings, run=SimpleNamespace(data=SimpleNamespace(dataset=DATASET)))
    samples = {"train": split("train", 24), "validation": split("validation", 12)}
    course = hardware.calibrate(net, trial, job, reference, samples, data.generator("golden", "chip"))
    found |= {f"{noise} calibration loss {row['epoch']}": row["loss"] for row in course.history[1:]}
    made = chip.manufacture(net, parts, 0).network
    chip.program(made, course.last)
    return found | {f"{noise} calibrated {what}": value for what, value in operations(made).items()}


def operations(net):
    accuracy, _, layers = evaluate.judge(net, split("test", 12))
    return {"accuracy": accuracy, **asdict(energy.total(layers))}


@pytest.mark.parametrize("name", params.names("methods"))
def test_numbers_of_a_method_are_those_on_record(name):
    golden = json.loads(GOLDEN.read_text())
    assert name in golden, f"a new method: record its numbers with python -m tests.test_golden, then commit {GOLDEN}"
    assert measure(name) == pytest.approx(golden[name], rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("name", params.names("noise"))
def test_numbers_of_a_noise_model_are_those_on_record(name):
    golden = json.loads(CHIPS.read_text())
    assert name in golden, (
        f"a new noise model: record its numbers with python -m tests.test_golden, then commit {CHIPS}"
    )
    assert measure_noise(name) == pytest.approx(golden[name], rel=1e-7, abs=1e-10)


if __name__ == "__main__":
    files.write_json(GOLDEN, {name: measure(name) for name in params.names("methods")})
    files.write_json(CHIPS, {name: measure_noise(name) for name in params.names("noise")})
