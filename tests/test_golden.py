"""Numbers that a refactor must leave alone: every method trains, runs and is calibrated on a chip, tiny and fixed.

`python -m snn adopt` lets results pass to refactored code only when these numbers are unchanged. They are computed in
double precision on one thread, so that they depend on the code and hardly on the machine. To record numbers, which are
then committed:

    .venv/bin/python -m tests.test_golden             # new methods and noise models: those that are not on record
    .venv/bin/python -m tests.test_golden tet stbp    # after a change that is meant to move these, and no others
    .venv/bin/python -m tests.test_golden --all       # after one that is meant to move all of them
"""

import argparse
import json
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pytest
import torch

from snn import config, rules
from snn.config import params
from snn.config.levels import noise_parts
from snn.core import files, seeds, stored
from snn.data.samples import Samples
from snn.energy import counter
from snn.evaluation import evaluate
from snn.hardware import calibrate, chip, trials
from snn.model import network
from snn.model.spec import AvgPool, Conv, Linear
from snn.rules import Task
from snn.training import loop
from tests import nets

GOLDEN = Path(__file__).with_name("golden") / "losses.json"
CHIPS = GOLDEN.with_name("chips.json")
STEPS = 4
LAYERS = (Conv(conv=4), AvgPool(avg_pool=2), Conv(conv=6, stride=2), Linear(linear=12))
CALIBRATION = config.Calibration(
    samples=24, epochs=2, batch=12, lr=1e-2, calibrators=("ltl_offline",), targets=("own",), warm_up=1
)


@dataclass(frozen=True)
class Double(Samples):
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
    return nets.split("golden", name, samples=samples, kind=Double)


def rule_of(name):
    method = params.load("methods", name)
    return rules.load(method.rule, name)(method.options)


@cache
def trained(name, steps=None):
    """A method after three updates: its student, the course of its training, its teacher."""
    method, rule = params.load("methods", name), rule_of(name)
    teacher = trained(method.teacher or "ann")[1].best if rule.parents else None
    begin = trained(method.start.method, method.start.steps)[0] if method.start else None
    steps = steps or max(STEPS, getattr(method.options, "warm_up", 0) + 1)
    task = Task((1, 8, 8), 3, LAYERS, 1 if rule.static else steps)
    parts = {"train": split("train", 24), "validation": split("validation", 12)}
    recipe = method.training.model_copy(update={"epochs": 3, "batch": 24})
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder, start = Path(name_of_folder), None
        if begin:
            start = stored.write_tensors(folder / "start.safetensors", network.to_numpy(begin.state_dict()), {})
        kept = folder / "resume", name
        setup = loop.Setup(rule, task, recipe, method.init, nets.SHIFTED, 0, *kept, start=start)
        return *loop.fit(setup, parts, {"teacher": teacher} if teacher else {}), teacher


def measure(name):
    """Losses of the updates and of validation, operations of an inference, the same after calibration on chips."""
    with exact():
        _, course, teacher = trained(name)
        net = course.best
        found = {f"loss {row['epoch']}": row["loss"] or 0.0 for row in course.history}
        found |= {f"validation loss {row['epoch']}": row["validation_loss"] for row in course.history}
        found |= {f"clean {what}": value for what, value in operations(net).items()}
        reference = calibrate.Reference(
            net, teacher, rule_of(name).teacher_percentile, split("train", 24), CALIBRATION.batch
        )
        if any(layer.fires for layer in net.layers):
            found |= on_chip("mismatch", 0.2, net, reference, "ltl_offline")
        return found


@cache
def measure_noise(name):
    """A network of STBP on a chip of every noise model, before and after every calibrator."""
    with exact():
        net, levels = trained("stbp")[1].best, params.load("noise", name).levels
        reference, found = calibrate.Reference(net, None, 100.0, split("train", 24), CALIBRATION.batch), {}
        for calibrator in sorted(path.stem for path in Path("snn/hardware/calibrators").glob("[a-z]*.py")):
            numbers = on_chip(name, levels[len(levels) // 2], net, reference, calibrator)
            found |= {f"{calibrator} {what}": value for what, value in numbers.items()}
        return found


def on_chip(noise, level, net, reference, calibrator):
    model, treatment = params.load("noise", noise), trials.Treatment(calibrator, "own")
    hardware = config.Hardware(noise=noise, levels=(level,), chips=1, calibration=CALIBRATION)
    parts = noise_parts(model, level)
    trial, design = trials.Trial(treatment, level, 0), trials.Design(hardware, model, (treatment,), seed=0)
    made = chip.manufacture(net, parts, design.name(0)).network
    found = {f"{noise} noisy {what}": value for what, value in operations(made).items()}
    samples = {"train": split("train", 24), "validation": split("validation", 12)}
    course = calibrate.calibrate(net, trial, design, reference, samples, seeds.generator("golden", "chip"))
    found |= {f"{noise} calibration loss {row['epoch']}": row["loss"] for row in course.history[1:]}
    made = chip.manufacture(net, parts, design.name(0)).network
    chip.program(made, course.last)
    return found | {f"{noise} calibrated {what}": value for what, value in operations(made).items()}


def operations(net):
    found, layers = evaluate.measure(net, split("test", 12))
    return {"accuracy": found.value, **asdict(counter.total(layers))}


@pytest.mark.parametrize("name", params.names("methods"))
def test_numbers_of_a_method_are_those_on_record(name):
    golden = json.loads(GOLDEN.read_text())
    assert name in golden, (
        f"a new method: record its numbers with python -m tests.test_golden {name}, then commit {GOLDEN}"
    )
    assert measure(name) == pytest.approx(golden[name], rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("name", params.names("noise"))
def test_numbers_of_a_noise_model_are_those_on_record(name):
    golden = json.loads(CHIPS.read_text())
    assert name in golden, (
        f"a new noise model: record its numbers with python -m tests.test_golden {name}, then commit {CHIPS}"
    )
    assert measure_noise(name) == pytest.approx(golden[name], rel=1e-7, abs=1e-10)


def record(path, names, measure, wanted=(), everything=False):
    """Write the numbers of the `names` that are wanted, or of those that are not on record if none are; returns these.

    All others stay byte for byte, unless `everything` is recorded.
    """
    recorded = json.loads(path.read_text()) if path.exists() and not everything else {}
    due = [name for name in names if (name in wanted if wanted else name not in recorded)]
    if due:
        files.write_json(path, recorded | {name: measure(name) for name in due})
    return due


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.test_golden", description="record golden numbers")
    parser.add_argument("names", nargs="*", metavar="NAME", help="method or noise model; else those not on record")
    parser.add_argument("--all", action="store_true", help="all of them")
    options = parser.parse_args(arguments)
    methods, noises = params.names("methods"), params.names("noise")
    if unknown := sorted(set(options.names) - {*methods, *noises}):
        parser.error(f"{unknown[0]} is neither a method nor a noise model")
    if options.all and options.names:
        parser.error("name methods and noise models, or say --all")
    for path, names, measured in ((GOLDEN, methods, measure), (CHIPS, noises, measure_noise)):
        for name in record(path, names, measured, options.names, options.all):
            print(f"{path.name}: {name}")


NUMBERS = {"a": {"loss": 0.1}, "b": {"loss": 1e-17, "acs": 3}, "c": {"loss": 2 / 3}}


@pytest.fixture
def on_record(tmp_path):
    """A file with numbers of a, b and c."""
    return files.write_json(tmp_path / "losses.json", NUMBERS)


def lines(path, name):
    """What a file holds of one name, as it is written."""
    _, begin, rest = path.read_text().partition(f' "{name}": {{')
    assert begin
    return rest.partition("}")[0]


def test_recording_one_leaves_the_bytes_of_the_others(on_record):
    before = {name: lines(on_record, name) for name in NUMBERS}
    assert record(on_record, ["a", "b", "c"], lambda name: {"loss": 5.0}, ["b"]) == ["b"]
    assert json.loads(on_record.read_text())["b"] == {"loss": 5.0}
    assert {name: lines(on_record, name) for name in "ac"} == {name: before[name] for name in "ac"}


def test_without_a_name_only_those_are_recorded_that_are_missing(on_record):
    assert record(on_record, ["a", "b", "c", "d"], lambda name: {"loss": 5.0}) == ["d"]
    assert json.loads(on_record.read_text()) == {**NUMBERS, "d": {"loss": 5.0}}


def test_a_file_in_which_nothing_is_wanted_is_not_touched(on_record):
    before = on_record.stat().st_mtime_ns
    assert record(on_record, list(NUMBERS), lambda name: {}) == []
    assert record(on_record, list(NUMBERS), lambda name: {}, ["tet"]) == []
    assert on_record.stat().st_mtime_ns == before


def test_everything_is_recorded_when_that_is_asked_for(on_record):
    assert record(on_record, ["a", "d"], lambda name: {"loss": 5.0}, everything=True) == ["a", "d"]
    assert json.loads(on_record.read_text()) == {name: {"loss": 5.0} for name in "ad"}


@pytest.mark.parametrize("arguments", [["tett"], ["--all", "tet"]], ids=["unknown", "both"])
def test_recording_refuses_what_is_not_clear(arguments):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2


@pytest.mark.parametrize("path", [GOLDEN, CHIPS], ids=lambda path: path.name)
def test_numbers_on_record_are_written_as_recording_writes_them(path, tmp_path):
    again = files.write_json(tmp_path / "again.json", json.loads(path.read_text()))
    assert again.read_bytes() == path.read_bytes()


if __name__ == "__main__":
    main()
