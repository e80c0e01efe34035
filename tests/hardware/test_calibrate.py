"""Calibration: what calibrators see, do and cost, what each control is, how chips are evaluated before and after."""

import copy
import csv
import dataclasses
import itertools
from collections.abc import Iterator
from functools import cache
from math import ceil, prod
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from torch.nn.utils import parametrize

from snn import config
from snn.config import params
from snn.config.levels import noise_parts
from snn.core import seeds, stored
from snn.core.observer import Observer
from snn.data.samples import Samples
from snn.evaluation import conditions, evaluate, outcomes
from snn.hardware import calibrate as hardware
from snn.hardware import calibrators, chip, trials
from snn.hardware.calibrators import Lesson
from snn.model import local_losses, network
from snn.model.layer import Layer
from snn.model.network import Network
from snn.model.neuron import IDEAL
from snn.model.spec import AvgPool, Conv, Linear, Readout, Relu
from snn.pipeline.plan import Plan
from snn.training.validation import Score
from tests import nets
from tests.recorder import Recorder
from tests.refusals import refused

pytestmark = pytest.mark.slow

T, K, SHAPE = 4, 3, (1, 8, 8)
LIF, IF = nets.leaky(decay=0.8, threshold=0.6), nets.integrate_and_fire(threshold=0.5)
CALIBRATORS = sorted(path.stem for path in Path(calibrators.__file__).parent.glob("[a-z]*.py"))
GRADIENTS = [name for name in CALIBRATORS if name != "reestimation"]
CONTROLS = ("level_0", "clean_chip", "other_chip", "noise_aware", "shuffled")
TRAINING, VALIDATION, TEST = 40, 20, 30


def build(activation=LIF, steps=T, layers=nets.POOLED, shape=SHAPE, **readout) -> Network:
    return nets.deployed(layers, activation, shape=shape, outputs=K, steps=steps, readout=Readout(**readout))


@cache
def clean_network() -> Network:
    """Its read-out is shifted so that it gives all classes to images."""
    net = build()
    net.layers[-1].op.bias -= net.predict(torch.randn(200, *SHAPE, generator=seeds.generator("read-out"))).mean(0)
    return net


@cache
def teacher_network() -> Network:
    return build(Relu(), steps=1)


@cache
def split(name: str, samples: int) -> Samples:
    """Classes are those that the clean network gives, so that a chip that does less well is not it."""
    bare = nets.split("test", name, samples=samples)
    classes_N = clean_network().predict(bare.shown(bare.x_NX)).argmax(1)
    assert len(classes_N.unique()) == K
    return dataclasses.replace(bare, y_N=classes_N)


def budget(**changes) -> config.Calibration:
    settings = {"samples": 24, "epochs": 3, "batch": 10, "lr": 5e-3, "warm_up": 1}
    return config.Calibration(**{**settings, "calibrators": ("ltl_offline",), "targets": ("own",), **changes})


def trial_of(calibrator="ltl_offline", targets="own", control=None, level=0.3, number=0) -> trials.Trial:
    return trials.Trial(trials.Treatment(calibrator, targets, control), level, number)


def parts_of(noise: str, level: float) -> chip.Parts:
    return noise_parts(params.load("noise", noise), level)


def design_of(
    calibration, by_teacher=False, noise="mismatch", levels=(0.3,), chips=2, controls=None, seed=0
) -> trials.Design:
    described = config.Hardware(noise=noise, levels=levels, chips=chips, calibration=calibration, controls=controls)
    return trials.Design(
        described, params.load("noise", noise), tuple(trials.treatments(calibration, by_teacher)), seed
    )


def of_seed_0(number: int | None) -> str:
    """The name of a chip of seed 0."""
    return design_of(budget()).name(number)


def calibrated(trial, noise="mismatch", clean=None, validation=None, **changes) -> hardware.Course:
    """A trial on 24 training samples, in batches of 10, evaluated on 20 others."""
    teacher = teacher_network() if trial.treatment.targets == "teacher" else None
    clean = clean or clean_network()
    parts = {"train": split("train", 24), "validation": validation or split("validation", VALIDATION)}
    reference = hardware.Reference(clean, teacher, 99.0, parts["train"], budget(**changes).batch)
    design = design_of(budget(**changes), noise=noise)
    return hardware.calibrate(clean, trial, design, reference, parts, seeds.generator("calibration"))


def programmed(net: Network) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in chip.programmable(net).items()}


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def distance(net: Network, clean: Network, part: Samples) -> float:
    """Mean squared difference of the firing rates of hidden layers."""
    x = part.shown(part.x_NX)
    pairs = zip(local_losses.own_rates(net, x)[0], local_losses.own_rates(clean, x)[0], strict=True)
    return sum(float(((one - other) ** 2).mean()) for one, other in pairs)


def new(calibrator: str, net: Network, **changes) -> calibrators.Calibrator:
    return calibrators.load(calibrator, "")(net, budget(**changes))


# What a calibrator sees


@pytest.fixture
def sealed(monkeypatch) -> list[Network]:
    """From now on whatever the hardware does can be read by a chip's own forward pass only: the chips that are made."""
    running, made = [], []

    def while_running(owner, name):
        original = getattr(owner, name)

        def run(*arguments, **options):
            running.append(name)
            try:
                return original(*arguments, **options)
            finally:
                running.pop()

        monkeypatch.setattr(owner, name, run)

    class Sealed:
        def __init__(self, held):
            object.__setattr__(self, "held", held)

        def __getattribute__(self, name):
            assert running or name == "__class__", f"{name} of the hardware was read"
            return getattr(object.__getattribute__(self, "held"), name)

        def __call__(self, *arguments):
            assert running, "the hardware was asked"
            return object.__getattribute__(self, "held")(*arguments)

    def made_sealed(*arguments):
        made.append(manufacture(*arguments))
        for module in made[-1].network.modules():
            if isinstance(module, chip.Effect):
                module._effect = Sealed(module._effect)
            elif isinstance(module, Layer):
                module.silicon = Sealed(module.silicon)
        if made[-1].network.sensor:
            made[-1].network.sensor = Sealed(made[-1].network.sensor)
        return made[-1]

    for owner, name in ((Layer, "current"), (Layer, "respond"), (Network, "encode"), (chip, "manufacture")):
        while_running(owner, name)
    manufacture = chip.manufacture
    monkeypatch.setattr(chip, "manufacture", made_sealed)
    return made


@pytest.mark.parametrize("noise", ["analog_chip", "thermal_released"])
@pytest.mark.parametrize("targets", ["own", "teacher"])
@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_a_calibrator_sees_answers_and_programmed_values_and_nothing_of_what_the_hardware_does(
    calibrator, targets, noise, sealed
):
    level = params.load("noise", noise).levels[-1]
    for control in (None, "noise_aware", "shuffled"):
        course = calibrated(trial_of(calibrator, targets, control, level), noise, epochs=1)
        assert [row["epoch"] for row in course.history] == [0, 1]
    asked = [layer.op for made in sealed for layer in made.network.layers if parametrize.is_parametrized(layer.op)]
    sensors = [made.network.sensor for made in sealed if made.network.sensor]
    assert (len(asked) > 0, len(sensors) > 0) == (noise == "analog_chip", noise == "thermal_released")
    for ask in [*(lambda op=op: op.weight for op in asked), *(lambda s=sensor: s(0) for sensor in sensors)]:
        with pytest.raises(AssertionError, match=r"the hardware was asked|of the hardware was read"):
            ask()
    for layer in (layer for made in sealed for layer in made.network.layers):
        with pytest.raises(AssertionError, match="threshold_N of the hardware was read"):
            _ = layer.silicon.threshold_N


# What it does


@pytest.mark.parametrize("targets", ["own", "teacher"])
@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_every_calibrator_lowers_its_loss_on_a_chip_with_mismatch(calibrator, targets):
    _, first, *_, last = calibrated(trial_of(calibrator, targets), epochs=6, lr=1e-2).history
    assert last["loss"] < 0.9 * first["loss"]


@pytest.mark.parametrize("calibrator", [name for name in CALIBRATORS if name != "bptt"])
def test_rates_come_closer_to_those_of_the_clean_network(calibrator):
    clean, samples = clean_network(), split("train", 24)
    made = chip.manufacture(clean, parts_of("mismatch", 0.3), of_seed_0(0)).network
    before = distance(made, clean, samples)
    chip.program(made, calibrated(trial_of(calibrator), epochs=6, lr=1e-2).last)
    assert distance(made, clean, samples) < 0.9 * before


def answers_of_the_hardware(net: Network) -> list[torch.Tensor]:
    """What its silicon is, and what its effects make of values that are written for this."""
    found = [value for layer in net.layers for value in (layer.silicon.decay_N, layer.silicon.threshold_N)]
    for layer, name in itertools.product(net.layers, ("weight", "bias")):
        if parametrize.is_parametrized(layer.op, name):
            written = chip.programmed(layer, name)
            found.append(layer.op.parametrizations[name][0](torch.linspace(-1, 1, written.numel()).view_as(written)))
    return [value.clone() for value in found if value is not None]


@pytest.mark.parametrize("targets", ["own", "teacher"])
@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_calibration_changes_what_is_programmed_and_nothing_else(calibrator, targets, monkeypatch):
    clean, teacher, made, manufacture = copy.deepcopy(clean_network()), teacher_network(), [], chip.manufacture

    def watched(*arguments):
        one = manufacture(*arguments)
        made.append((one.network, answers_of_the_hardware(one.network)))
        return one

    monkeypatch.setattr(chip, "manufacture", watched)
    before = [{name: value.clone() for name, value in net.state_dict().items()} for net in (clean, teacher)]
    course = calibrated(trial_of(calibrator, targets), "mismatch_thresholds", clean=clean)
    assert all(same(net.state_dict(), kept) for net, kept in zip((clean, teacher), before, strict=True))
    assert all(layer.silicon == IDEAL for layer in clean.layers)
    ((net, kept),) = made
    assert len(kept) == 2 * 3 + 2 * 4  # neurons of three layers, weight and bias of four
    assert all(torch.equal(one, other) for one, other in zip(answers_of_the_hardware(net), kept, strict=True))
    assert same(programmed(net), course.last)
    changed = {name for name, value in course.last.items() if not torch.equal(value, before[0][name])}
    biases = {name for name in course.last if name.endswith("bias")}
    readout = {"layers.5.op.bias"}
    if calibrator == "reestimation":
        assert changed == (biases if targets == "own" else biases - readout)
    else:
        assert changed == set(course.last)


@pytest.mark.parametrize("calibrator", [name for name in CALIBRATORS if name != "ltl_online"])
def test_the_clean_network_has_nothing_to_learn_from_itself(calibrator):
    course = calibrated(trial_of(calibrator, level=0))
    assert [row["loss"] for row in course.history[1:]] == [0.0, 0.0, 0.0]
    assert same(course.last, programmed(clean_network()))


@pytest.mark.parametrize("calibrator", ["ltl_offline", "ltl_online"])
def test_hidden_layers_of_the_clean_network_have_no_loss_once_all_steps_are_counted(calibrator, double):
    net = build()
    x_BCHW = torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    rates, scores = local_losses.own_rates(net, x_BCHW)
    assert all(0 < rate.mean() < 1 for rate in rates)
    *hidden, readout = new(calibrator, net, warm_up=T).losses(net, Lesson(x_BCHW, rates, scores))
    assert [float(loss) for loss in hidden] == [0.0] * len(rates)
    assert float(readout) == pytest.approx(0, abs=1e-20)


def test_online_the_rates_of_early_steps_are_not_yet_those_of_all():
    assert calibrated(trial_of("ltl_online", level=0)).history[1]["loss"] > 0


# Re-estimation


@drawn(max_examples=40, deadline=None, derandomize=True)
@given(
    of_pixel=st.lists(st.integers(0, 4), min_size=16, max_size=16),
    of_channel=st.lists(st.integers(0, 4), min_size=2, max_size=2),
    order=st.permutations(range(16)),
    share=st.floats(0, 1),
)
def test_one_step_of_reestimation_gives_neurons_that_do_not_leak_their_rate(of_pixel, of_channel, order, share):
    """A current of k / T thresholds makes k spikes in T steps, 0 <= k <= T; d more take d / T thresholds more."""
    steps, threshold = 8, IF.threshold
    net = build(IF, steps, (Conv(conv=2, kernel=1, padding=0),), (1, 2, 2))
    op = net.layers[0].op
    op.weight.fill_(1.0)
    op.bias.copy_(torch.tensor(of_channel) * threshold / steps)
    x_BCHW = torch.tensor(of_pixel).view(4, 1, 2, 2) * threshold / steps
    count_BCHW = torch.tensor(of_pixel).view(4, 1, 2, 2) + torch.tensor(of_channel).view(1, 2, 1, 1)
    assert torch.equal(local_losses.own_rates(net, x_BCHW)[0][0], count_BCHW / steps)
    lowest, highest = count_BCHW.amin((0, 2, 3)), count_BCHW.amax((0, 2, 3))
    more_C = -lowest + (share * (steps - highest + lowest)).round().int()
    wanted_BCHW = (count_BCHW + more_C.view(1, 2, 1, 1)) / steps
    shuffled_BCHW = wanted_BCHW.permute(1, 0, 2, 3).flatten(1)[:, list(order)].view(2, 4, 2, 2).permute(1, 0, 2, 3)
    goal = torch.zeros(4, dtype=torch.int64)
    lessons = [Lesson(x_BCHW[part], [shuffled_BCHW[part]], goal[part]) for part in (slice(0, 1), slice(1, 4))]
    before = net.layers[-1].op.bias.clone()
    new("reestimation", net).epoch(lessons)
    assert op.bias.tolist() == ((torch.tensor(of_channel) + more_C) * threshold / steps).tolist()
    assert torch.equal(local_losses.own_rates(net, x_BCHW)[0][0], wanted_BCHW)
    assert torch.equal(net.layers[-1].op.bias, before)


@drawn(max_examples=20, deadline=None, derandomize=True)
@given(
    decay=st.floats(0, 1),
    reset=st.sampled_from(["zero", "subtract"]),
    fires=st.sampled_from(["at", "above"]),
    above=st.sampled_from([-0.15, 0.15]),
)
def test_leaky_neurons_whose_currents_spread_over_five_thresholds_come_a_fifth_closer_a_step_from_one_side(
    decay, reset, fires, above
):
    """Their mean rate grows by rate(top) - rate(bottom) = 1 for every spread of current, whatever lies between."""
    neuron = IF.model_copy(update={"decay": decay, "reset": reset, "fires": fires})
    net = build(neuron, 16, (Linear(linear=1),), (1, 1, 1))
    net.layers[0].op.weight.fill_(1.0)
    net.layers[0].op.bias.zero_()
    x_B = torch.linspace(-2, 3, 4001).view(-1, 1, 1, 1) * neuron.threshold
    calibrator, goal = new("reestimation", net), torch.zeros(len(x_B), dtype=torch.int64)
    (rate_BN,), _ = local_losses.own_rates(net, x_B)
    wanted, left = float(rate_BN.mean()) + above, [above]
    for _ in range(8):
        calibrator.epoch([Lesson(x_B, [torch.full_like(rate_BN, wanted)], goal)])
        left.append(wanted - float(local_losses.own_rates(net, x_B)[0][0].mean()))
    assert all(then == pytest.approx(0.8 * now, abs=1e-3) for now, then in itertools.pairwise(left))
    assert all(abs(then) < abs(now) and then * above > 0 for now, then in itertools.pairwise(left))


@pytest.mark.parametrize("over_steps", ["mean", "sum", "running"])
def test_one_step_of_reestimation_brings_mean_scores_to_mean_goals(over_steps, double):
    net, x_BCHW = build(over_steps=over_steps), torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    rates, scores = local_losses.own_rates(net, x_BCHW)
    goal = scores + torch.randn(10, K, generator=seeds.generator("goal"))
    new("reestimation", net).epoch([Lesson(x_BCHW, rates, goal)])
    torch.testing.assert_close(net.predict(x_BCHW).mean(0), goal.mean(0))
    assert (goal.mean(0) - scores.mean(0)).abs().min() > 0.01


def test_reestimation_leaves_a_read_out_that_votes_alone():
    net = build(kind="votes", voters=2)
    before, x_BCHW = programmed(net), torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    rates, scores = local_losses.own_rates(net, x_BCHW)
    new("reestimation", net).epoch([Lesson(x_BCHW, [rate / 2 for rate in rates], scores + 1)])
    changed = {name for name, value in programmed(net).items() if not torch.equal(value, before[name])}
    assert changed == {"layers.0.op.bias", "layers.2.op.bias", "layers.4.op.bias"}


def test_a_layer_without_a_bias_can_be_calibrated_by_reestimation():
    layers = (Conv(conv=4, bias=False), AvgPool(avg_pool=4), Linear(linear=6))
    course = calibrated(trial_of("reestimation"), clean=build(layers=layers))
    assert course.history[1]["writes"] == 6 + K


def test_a_chip_is_one_of_the_noise_model_that_is_held_whatever_file_its_name_is_of():
    trial, parts = trial_of(), {"train": split("train", 24), "validation": split("validation", VALIDATION)}
    design = dataclasses.replace(design_of(budget()), noise=params.load("noise", "stuck"))
    assert design.hardware.noise == "mismatch"
    clean = clean_network()
    reference = hardware.Reference(clean, None, 99.0, parts["train"], 10)
    found = hardware.calibrate(clean, trial, design, reference, parts, seeds.generator("calibration"))
    assert found.history == calibrated(trial, "stuck").history != calibrated(trial).history


# What it costs


def inside(n: int, layer: Conv) -> int:
    """Pairs of an output and a tap of its kernel that lies on a map of length n, along one axis."""
    starts = [start for start in range(-layer.padding, n + layer.padding) if start + layer.kernel <= n + layer.padding]
    return sum(0 <= start + tap < n for start in starts[:: layer.stride] for tap in range(layer.kernel))


def macs(net: Network) -> list[int]:
    """Multiply-accumulates of one step, layer by layer, by counting."""
    found = []
    for layer in net.layers:
        if isinstance(layer.spec, Conv):
            channels, height, width = layer.input_shape
            found.append(channels * layer.spec.conv * inside(height, layer.spec) * inside(width, layer.spec))
        else:
            found.append(prod(layer.input_shape) * layer.spec.linear if isinstance(layer.spec, Linear) else 0)
    return found


@pytest.mark.parametrize("control", [None, "noise_aware", "shuffled"])
@pytest.mark.parametrize(("batch", "warm_up"), [(10, 0), (24, 1), (7, 9)])
@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_what_is_spent_has_a_closed_form(calibrator, batch, warm_up, control):
    course = calibrated(trial_of(calibrator, control=control), batch=batch, warm_up=warm_up, epochs=2)
    own, dense = programmed(clean_network()), macs(clean_network())
    parameters = sum(value.numel() for value in own.values())
    biases = sum(value.numel() for name, value in own.items() if name.endswith("bias"))
    learning = {
        "ltl_offline": T * sum(dense),
        "ltl_online": (T - min(warm_up, T - 1)) * sum(dense),
        "bptt": T * (2 * sum(dense) - dense[0]),
        "reestimation": 0,
    }[calibrator]
    updates = 1 if calibrator == "reestimation" else ceil(24 / batch)
    written = biases if calibrator == "reestimation" else parameters
    for epoch, row in enumerate(course.history):
        assert {name: row[name] for name in hardware.COST} == {
            "shown": 24 * epoch,
            "validated": VALIDATION * (epoch + 1),
            "updates": updates * epoch,
            "writes": updates * epoch * written,
            "learning_macs": 24 * epoch * learning,
        }


def test_values_that_are_not_written_are_not_counted():
    course = calibrated(trial_of("reestimation", "teacher"))
    assert course.history[1]["writes"] == 4 + 6 + 12


# What is chosen


@pytest.mark.parametrize("calibrator", GRADIENTS)
def test_a_calibration_that_ruins_its_chip_leaves_it_as_it_was(calibrator):
    course = calibrated(trial_of(calibrator, level=0.02, number=3), lr=1e3)
    values = [row["value_val"] for row in course.history]
    assert values[0] > max(values[1:])
    assert course.chosen_epoch == 0
    assert same(course.chosen, programmed(clean_network()))
    assert not any(torch.equal(value, course.chosen[name]) for name, value in course.last.items())


@cache
def after(epochs: int) -> dict[str, torch.Tensor]:
    return calibrated(trial_of("reestimation"), epochs=epochs).last if epochs else programmed(clean_network())


@drawn(max_examples=30, deadline=None, derandomize=True)
@given(
    scores=st.lists(st.tuples(st.sampled_from([0.25, 0.5, 0.75]), st.sampled_from([1.0, 2.0])), min_size=2, max_size=5),
    task=st.sampled_from(["classification", "reconstruction"]),
)
def test_the_first_of_the_best_epochs_is_chosen_the_chip_as_it_was_among_them(scores, task):
    script = iter([Score(value, loss, 0.0, torch.empty(0)) for value, loss in scores])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hardware, "score", lambda *_: next(script))
        validation = dataclasses.replace(split("validation", VALIDATION), task=task)
        course = calibrated(trial_of("reestimation"), epochs=len(scores) - 1, validation=validation)
    sign = -1 if task == "classification" else 1
    _, _, best = min((sign * value, loss, epoch) for epoch, (value, loss) in enumerate(scores))
    assert course.chosen_epoch == best
    assert same(course.chosen, after(best))
    assert same(course.last, after(len(scores) - 1))
    assert [(row["value_val"], row["validation_loss"]) for row in course.history] == scores


@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_validation_data_choose_and_teach_nothing(calibrator):
    own, other = (calibrated(trial_of(calibrator), validation=split(name, 20)) for name in ("validation", "others"))
    assert same(own.last, other.last)
    assert [row["loss"] for row in own.history] == [row["loss"] for row in other.history]
    assert [row["validation_loss"] for row in own.history] != [row["validation_loss"] for row in other.history]


# Jobs


class World:
    """A folder with a finished run: its networks and its data."""

    def __init__(self, folder: Path):
        self.folder = folder
        train, validation, test = (
            split(name, n) for name, n in (("jobs", TRAINING), ("validation", VALIDATION), ("test", TEST))
        )
        self.train, self.validation, self.test = train, validation, test
        about = {"statistics": {"mean": [8.0], "std": [5.0]}, "task": "classification"}
        about |= {"normalise": "standard", "white": 16, "spikes": False}
        for name, parts in (("train", {"train": train, "validation": validation}), ("test", {"test": test})):
            arrays = {f"x_{part}": own.x_NX.numpy() for part, own in parts.items()}
            arrays |= {f"y_{part}": own.y_N.numpy() for part, own in parts.items()}
            stored.write_tensors(folder / f"{name}.safetensors", arrays, {**about, "parts": list(parts)})
        network.save(clean_network(), folder / "net.safetensors", status="ok", lr=0.1)
        network.save(teacher_network(), folder / "teacher.safetensors", status="ok")

    def setup(self, controls=(), seed=0, levels=(0.3,), noise="mismatch", chips=2, **changes) -> hardware.Setup:
        of_controls = config.Controls(level=levels[-1], kinds=controls) if controls else None
        design = design_of(budget(**changes), noise=noise, levels=levels, chips=chips, controls=of_controls, seed=seed)
        teacher = self.folder / "teacher.safetensors" if trials.taught(design) else None
        net, data = self.folder / "net.safetensors", self.folder / "train.safetensors"
        return hardware.Setup(design, 99.0, net, data, teacher, "c")

    def subject(self) -> evaluate.Subject:
        names = {"dataset": "d", "network": "n", "method": "m", "rule": "r", "digest": "d"}
        facts = {"steps": T, "seed": 0, "epochs": 1, "threads": 1}
        paths = {"training_data": self.folder / "train.safetensors", "test_data": self.folder / "test.safetensors"}
        return evaluate.Subject(**names, **facts, **paths, net=self.folder / "net.safetensors")

    def done(self, folder: str, observer: Observer | None = None, **changes) -> "Done":
        setup = self.setup(**changes)
        hardware.run(setup, torch.device("cpu"), self.folder / folder, observer or Observer())
        return Done(setup.design, self.folder / folder)


class Done:
    """A calibration that is done, with what it wrote."""

    def __init__(self, design: trials.Design, folder: Path):
        self.design, self.folder = design, folder
        self.proof = folder / "chips.safetensors"
        tensors, about = stored.read_tensors(self.proof, "")
        self.spent, self.found = about["trials"], {name: torch.tensor(value) for name, value in tensors.items()}

    @property
    def calibrated(self) -> conditions.Calibrated:
        return conditions.Calibrated(self.design, self.proof, self.folder / "history.csv")


def values(done, key: str, which="chosen") -> dict[str, torch.Tensor]:
    prefix = f"{key}/{which}/"
    return {name.removeprefix(prefix): value for name, value in done.found.items() if name.startswith(prefix)}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def finished(world) -> Done:
    """Every control, beside two calibrators, at two levels, on two chips."""
    everything = {"calibrators": ("ltl_offline", "reestimation"), "levels": (0.2, 0.4), "controls": CONTROLS}
    return world.done("finished", **everything, lr=2e-2)


@pytest.fixture
def watched(monkeypatch) -> Iterator[dict[trials.Trial, list[bytes]]]:
    """The samples of every trial from now on, in the order in which they are shown."""
    shown, calibrate, lesson = {}, hardware.calibrate, hardware.Lesson

    def watched_calibrate(clean, trial, *others):
        shown[trial] = []
        return calibrate(clean, trial, *others)

    def watched_lesson(x, *targets):
        list(shown.values())[-1].extend(sample.numpy().tobytes() for sample in x)
        return lesson(x, *targets)

    monkeypatch.setattr(hardware, "calibrate", watched_calibrate)
    monkeypatch.setattr(hardware, "Lesson", watched_lesson)
    return shown


def shown_as(part: Samples) -> set[bytes]:
    return {sample.numpy().tobytes() for sample in part.shown(part.x_NX)}


def test_calibration_learns_from_so_many_training_samples_the_same_in_every_trial_and_from_no_other(world, watched):
    world.done("samples", calibrators=("ltl_offline", "reestimation"), controls=CONTROLS)
    learnt = [set(samples) for samples in watched.values()]
    assert len(learnt) == 4 + 1 + 1 + 2
    assert all(samples == learnt[0] for samples in learnt)
    assert len(learnt[0]) == 24
    assert learnt[0] < shown_as(world.train)
    assert learnt[0].isdisjoint(shown_as(world.validation) | shown_as(world.test))
    assert {len(samples) for samples in watched.values()} == {3 * 24}


def test_only_validation_data_choose_the_epoch(world, monkeypatch):
    scored, score = set(), hardware.score

    def watched_score(net, part):
        scored.update(shown_as(part))
        return score(net, part)

    monkeypatch.setattr(hardware, "score", watched_score)
    world.done("scored", controls=CONTROLS, epochs=1)
    assert scored == shown_as(world.validation)


def test_calibration_does_without_a_test_file(tmp_path):
    world = World(tmp_path)
    (tmp_path / "test.safetensors").unlink()
    assert world.done("without", epochs=1).spent


@pytest.mark.parametrize("experiment", ["smoke", "hardware_digits"])
def test_what_a_calibration_reads_is_its_run_the_training_file_and_the_teacher_that_a_treatment_needs(experiment):
    for job in Plan(experiment).calibrations:
        from_teacher = any(trial.treatment.targets == "teacher" for trial in trials.trials(job.design))
        taught = [job.teacher.proof] if from_teacher else []
        assert job.inputs == [job.run.proof, job.run.data.training_file, *taught]
        assert job.run.data.test_file not in job.inputs


def test_more_samples_than_there_are_for_training_are_refused(world, tmp_path):
    setup = world.setup(samples=TRAINING + 1)
    with refused("hardware.mismatch.calibration.samples", 41, 40):
        hardware.run(setup, torch.device("cpu"), tmp_path)


def test_all_samples_may_be_used(world):
    (spent,) = world.done("all", samples=TRAINING, epochs=1, chips=1).spent.values()
    assert spent["shown"] == TRAINING


def orders(world, watched, **changes) -> dict[trials.Trial, list[bytes]]:
    watched.clear()
    world.done("order", epochs=2, **changes)
    return dict(watched)


@pytest.mark.slow
def test_the_order_of_samples_depends_on_the_seed_and_the_chip_only(world, watched):
    everything = {"calibrators": tuple(CALIBRATORS), "targets": ("own", "teacher")}
    found = {
        (seed, trial): order
        for seed in (0, 1)
        for trial, order in orders(world, watched, **everything, controls=CONTROLS[:-1], seed=seed).items()
    }
    of_chip = {}
    for (seed, trial), order in found.items():
        of_chip.setdefault((seed, trial.chip), set()).add(tuple(order))
    assert of_chip.keys() == {(seed, number) for seed in (0, 1) for number in (0, 1, None)}
    assert {len(different) for different in of_chip.values()} == {1}
    assert len(set.union(*of_chip.values())) == len(of_chip)
    epochs = {(order[:24], order[24:]) for (order,) in of_chip.values()}
    assert all(one != other and set(one) == set(other) for one, other in epochs)


def test_shuffled_targets_do_not_change_the_order_of_samples(world, watched):
    found = orders(world, watched, chips=1, controls=("shuffled",))
    assert len({tuple(order) for order in found.values()}) == 1


def test_two_runs_are_equal_to_the_bit(world, finished):
    again = world.done(
        "again", calibrators=("ltl_offline", "reestimation"), levels=(0.2, 0.4), controls=CONTROLS, lr=2e-2
    )
    for name in ("history.csv", "chips.safetensors"):
        assert (again.folder / name).read_bytes() == (finished.folder / name).read_bytes()


def test_a_trial_is_the_same_whatever_is_tried_beside_it(world, finished):
    alone = world.done("alone", levels=(0.4,), chips=1, controls=("clean_chip", "noise_aware", "shuffled"), lr=2e-2)
    assert len(alone.spent) == 4
    assert all(finished.spent[key] == spent for key, spent in alone.spent.items())
    assert all(torch.equal(finished.found[name], value) for name, value in alone.found.items())


def test_the_course_of_every_trial_is_written_in_order_and_ends_with_what_was_spent(finished):
    with (finished.folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = [(trial, epoch) for trial in trials.trials(finished.design) for epoch in range(4)]
    assert len(rows) == len(expected)
    for row, (trial, epoch) in zip(rows, expected, strict=True):
        named = [row[name] for name in ("chip", "calibrator", "targets", "control")]
        assert named == ["" if value is None else str(value) for value in (trial.chip, *trial.treatment)]
        assert (float(row["level"]), int(row["epoch"]), row["loss"] == "") == (trial.level, epoch, epoch == 0)
        if epoch == 3:
            assert {name: int(row[name]) for name in hardware.COST} == {
                name: finished.spent[trial.key][name] for name in hardware.COST
            }


def test_the_last_parameters_are_kept_beside_the_chosen_ones_where_they_are_others(finished):
    last = {key for key in finished.spent if values(finished, key, "last")}
    assert last == {key for key, spent in finished.spent.items() if spent["epoch"] < 3}
    assert 0 < len(last) < len(finished.spent)
    assert all(values(finished, key).keys() == programmed(clean_network()).keys() for key in finished.spent)


def test_an_observer_sees_every_trial_with_its_validation_values(world):
    observer = Recorder()
    done = world.done("observed", observer, controls=("shuffled",), epochs=1)
    planned = trials.trials(done.design)
    assert observer.of("progress") == [(len(planned), "trial", 0)]
    assert len(observer.of("step")) == len(observer.of("result")) == len(planned) == 4
    assert all(line.startswith(trial.key) for trial, line in zip(planned, observer.of("result"), strict=True))


# Treatments


def test_targets_by_rule_are_the_teachers_or_its_own_and_no_treatment_is_there_twice():
    calibration = budget(calibrators=("bptt", "reestimation"), targets=("by_rule", "own", "teacher"))
    assert trials.treatments(calibration, teacher_by_rule=False) == [
        ("bptt", "own", None),
        ("bptt", "teacher", None),
        ("reestimation", "own", None),
        ("reestimation", "teacher", None),
    ]
    assert [found.targets for found in trials.treatments(calibration, teacher_by_rule=True)] == ["teacher", "own"] * 2


def test_a_run_learns_from_its_teacher_on_a_chip_if_it_was_trained_by_one():
    found = {
        job.run.method_name: {treatment.targets for treatment in job.treatments} for job in Plan("smoke").calibrations
    }
    taught = {"ltl_offline", "ltl_online"}
    assert found == {
        method: {"teacher" if method in taught else "own"} for method in (*taught, "stbp", "tet", "tandem")
    }


@st.composite
def designs(draw) -> trials.Design:
    """Any design: calibrators, targets, levels, chips and controls."""
    names = st.lists(st.sampled_from(CALIBRATORS), min_size=1, max_size=4, unique=True)
    targets = st.lists(st.sampled_from(["own", "teacher", "by_rule"]), min_size=1, max_size=3, unique=True)
    hundredths = st.lists(st.integers(1, 1000), min_size=1, max_size=4, unique=True)
    levels = sorted(i / 100 for i in draw(hundredths))
    chips = draw(st.integers(1, 12))
    some = st.lists(st.sampled_from([c for c in CONTROLS if chips > 1 or c != "other_chip"]), min_size=1, unique=True)
    controls = config.Controls(level=draw(st.sampled_from(levels)), kinds=draw(some)) if draw(st.booleans()) else None
    calibration = budget(calibrators=draw(names), targets=draw(targets))
    return design_of(calibration, draw(st.booleans()), levels=levels, chips=chips, controls=controls)


@drawn(max_examples=150, deadline=None, derandomize=True)
@given(design=designs())
def test_trials_and_evaluations_are_counted_by_hand(design):
    asked, chips = design.hardware.controls.kinds if design.hardware.controls else (), design.hardware.chips
    treated = len(design.treatments) * chips
    alone = ("level_0" in asked or "clean_chip" in asked) + ("noise_aware" in asked) + ("shuffled" in asked) * chips
    assert len(trials.trials(design)) == treated * len(design.hardware.levels) + alone
    for level in design.hardware.levels:
        evaluations = trials.evaluations(design, level)
        at_level = asked if design.hardware.controls and level == design.hardware.controls.level else ()
        assert len(evaluations) == treated + sum(1 if control == "level_0" else chips for control in at_level)
        assert {evaluation.treatment.control for evaluation in evaluations} == {None, *at_level}
        assert len(set(evaluations)) == len(evaluations)


@drawn(max_examples=150, deadline=None, derandomize=True)
@given(design=designs())
def test_every_trial_has_a_key_of_its_own_and_every_evaluation_a_trial(design):
    planned = trials.trials(design)
    assert len({trial.key for trial in planned}) == len(planned)
    used = {evaluation.trial for level in design.hardware.levels for evaluation in trials.evaluations(design, level)}
    assert used == set(planned)


def test_levels_that_differ_in_the_seventh_digit_have_keys_of_their_own():
    assert trial_of(level=0.2).key != trial_of(level=0.2000001).key


@drawn(max_examples=150, deadline=None, derandomize=True)
@given(design=designs())
def test_a_chip_is_evaluated_with_the_trial_that_its_treatment_names(design):
    first = design.treatments[0]
    for level in design.hardware.levels:
        for evaluation in trials.evaluations(design, level):
            trial, control = evaluation.trial, evaluation.treatment.control
            on_clean = control in ("level_0", "clean_chip")
            asked = first._replace(targets="teacher") if on_clean else first
            assert evaluation.treatment._replace(control=None) == (asked if control else trial.treatment)
            if control is None:
                assert trial == (evaluation.treatment, level, evaluation.chip)
            if on_clean:
                assert trial == (asked._replace(control="clean_chip"), 0, None)
            if control == "level_0":
                assert evaluation[:2] == (0, None)
            if control == "other_chip":
                assert trial == (first, level, trial.chip)
                assert trial.chip != evaluation.chip
                assert trial.chip in range(design.hardware.chips)
            if control == "noise_aware":
                assert trial == (evaluation.treatment, level, None)
            if control == "shuffled":
                assert trial == (evaluation.treatment, level, evaluation.chip)


# Controls


def test_every_trial_of_a_calibrator_has_the_same_budget(finished):
    for calibrator in ("ltl_offline", "reestimation"):
        spent = [own for key, own in finished.spent.items() if f"/{calibrator}/" in key]
        assert len(spent) >= 4
        assert {tuple(own[name] for name in hardware.COST) for own in spent} == {
            tuple(spent[0][name] for name in hardware.COST)
        }


def test_a_chip_of_the_clean_network_knows_no_noise(world):
    one, other = (
        world.done(noise, noise=noise, levels=(0.2,), controls=("clean_chip",), lr=2e-2, calibrators=("ltl_online",))
        for noise in ("mismatch", "stuck")
    )
    clean = trial_of("ltl_online", "teacher", "clean_chip", level=0, number=None).key
    treated = trial_of("ltl_online", level=0.2).key
    assert one.spent[clean] == other.spent[clean]
    assert all(same(values(one, clean, which), values(other, clean, which)) for which in ("chosen", "last"))
    assert not same(values(one, clean, "last") or values(one, clean), programmed(clean_network()))
    assert not same(values(one, treated), values(other, treated))


@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_noise_aware_training_sees_a_fresh_chip_in_every_batch_and_is_evaluated_on_yet_another(calibrator, monkeypatch):
    numbers, sharing = [], chip.sharing

    def watched_sharing(net, parts, number):
        assert parts == parts_of("mismatch", 0.3)
        numbers.append(number)
        return sharing(net, parts, number)

    monkeypatch.setattr(chip, "sharing", watched_sharing)
    course = calibrated(trial_of(calibrator, control="noise_aware", number=None), epochs=2)
    evaluated, *_ = numbers
    taught = [number for number in numbers if number != evaluated]
    assert numbers == [evaluated, *taught[:3], evaluated, *taught[3:], evaluated]
    assert len(set(taught)) == len(taught) == 2 * ceil(24 / 10)
    trained = [of_seed_0(number) for number in range(100)]  # chips that are measured
    assert not {*taught, evaluated} & set(trained)
    assert not same(course.last, programmed(clean_network()))


def test_noise_aware_training_writes_the_parameters_that_all_its_chips_share():
    clean, parts = clean_network(), parts_of("mismatch", 0.3)
    shared = chip.manufacture(clean, [], 0).network
    one, other = (chip.sharing(shared, parts, number) for number in (7, 8))
    x_BCHW = torch.randn(6, *SHAPE, generator=seeds.generator("images"))
    assert not torch.equal(one.predict(x_BCHW), other.predict(x_BCHW))
    one.predict(x_BCHW).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in shared.parameters())
    with torch.no_grad():
        for parameter in shared.parameters():
            parameter.mul_(0.5)
    fresh = chip.manufacture(clean, parts, 8).network
    chip.program(fresh, programmed(shared))
    assert torch.equal(other.predict(x_BCHW), fresh.predict(x_BCHW))


def targets_of(teacher: Network | None, x, labels) -> tuple[list[torch.Tensor], torch.Tensor]:
    """What a chip is to imitate on a batch, computed on its own."""
    if teacher is None:
        return local_losses.own_rates(clean_network(), x)
    return local_losses.teacher_rates(teacher, x, 99.0), labels


@pytest.mark.parametrize("kept", [0, 1 << 30])
@pytest.mark.parametrize("targets", ["own", "teacher"])
def test_targets_kept_for_all_trials_are_those_of_every_batch_to_the_bit(targets, kept, monkeypatch):
    monkeypatch.setattr(hardware, "KEPT", kept)
    teacher, train = teacher_network() if targets == "teacher" else None, split("train", 24)
    reference = hardware.Reference(clean_network(), teacher, 99.0, train, 10)
    assert (reference._answers is None) == (not kept)
    for number in range(2):
        order = torch.randperm(24, generator=seeds.generator(number)).split(10)
        for indices, lesson in zip(order, reference.lessons(seeds.generator(number)), strict=True):
            x, y = train.shown(train.x_NX[indices]), train.y_N[indices]
            rates, goal = targets_of(teacher, x, y)
            assert torch.equal(lesson.x, x)
            assert torch.equal(lesson.goal, goal)
            for one, other in zip(lesson.rates_BN, rates, strict=True):
                assert torch.equal(one, other)
                assert one.stride() == other.stride()


@pytest.mark.parametrize(("targets", "network_asked"), [("own", "clean_network"), ("teacher", "teacher_network")])
def test_another_network_is_imitated_by_its_own_answers(targets, network_asked):
    train, asked = split("train", 24), copy.deepcopy(globals()[network_asked]())
    pair = (asked, None) if targets == "own" else (clean_network(), asked)
    first = next(hardware.Reference(*pair, 99.0, train, 10).lessons(seeds.generator(0)))
    with torch.no_grad():
        asked.layers[0].op.bias += 0.3
    again = next(hardware.Reference(*pair, 99.0, train, 10).lessons(seeds.generator(0)))
    assert not torch.equal(first.rates_BN[0], again.rates_BN[0])


@pytest.mark.parametrize("noise", ["mismatch", "silencing"])
def test_a_chip_is_scored_once_before_its_trials_unless_it_draws_afresh(noise, world, monkeypatch):
    scored, score = [], hardware.score
    monkeypatch.setattr(hardware, "score", lambda *asked: scored.append(asked) or score(*asked))
    two = {"calibrators": ("ltl_offline", "reestimation"), "levels": (0.2, 0.4), "epochs": 1, "noise": noise}
    history = stored.read_csv(world.done(f"once {noise}", **two).folder / "history.csv", "")
    first = [row for row in history if row["epoch"] == "0"]
    assert len(scored) == 8 + (4 if noise == "mismatch" else 8)
    places = {(row["level"], row["chip"]): row["validation_loss"] for row in first}
    assert len(places) == len(set(places.values())) == 4
    assert all(row["validation_loss"] == places[row["level"], row["chip"]] for row in first)


@pytest.mark.parametrize("targets", ["own", "teacher"])
def test_shuffled_targets_are_those_of_other_samples_of_the_batch(targets, monkeypatch):
    lessons = []

    class Listener(calibrators.Calibrator):
        def learning_macs(self, dense_macs):
            return 0

        def epoch(self, own):
            lessons.extend(own)
            return 0.0

    monkeypatch.setattr(calibrators, "load", lambda *_: Listener)
    calibrated(trial_of(targets=targets))
    straight = list(lessons)
    lessons.clear()
    calibrated(trial_of(targets=targets, control="shuffled"))
    assert [len(lesson.goal) for lesson in lessons] == [len(lesson.goal) for lesson in straight] == [10, 10, 4] * 3
    teacher = teacher_network() if targets == "teacher" else None
    class_of = {x.numpy().tobytes(): y for x, y in split("train", 24).in_order(1)}
    moved = 0
    for lesson, shuffled in ((lesson, by) for own, by in ((straight, False), (lessons, True)) for lesson in own):
        labels = torch.cat([class_of[x[None].numpy().tobytes()] for x in lesson.x])
        rates, goal = targets_of(teacher, lesson.x, labels)
        order = [next(i for i, row in enumerate(rates[0]) if torch.equal(row, found)) for found in lesson.rates_BN[0]]
        assert sorted(order) == list(range(len(goal)))
        assert all(torch.equal(rate[order], found) for rate, found in zip(rates, lesson.rates_BN, strict=True))
        assert torch.equal(goal[order], lesson.goal)
        moved += sum(i != place for place, i in enumerate(order))
        assert shuffled or not moved
    assert moved > 36  # of 72; a random order leaves one in a batch in its place


def test_the_chips_of_a_run_are_drawn_by_its_own_seed():
    jobs = Plan("digits").calibrations
    assert [job.design.seed for job in jobs] == [job.run.seed for job in jobs]
    assert len({job.run.seed for job in jobs}) == 5


def test_every_seed_has_chips_of_its_own_and_all_methods_share_them():
    one, other = (design_of(budget(), seed=seed) for seed in (0, 1))
    names = [design.name(number) for design in (one, other) for number in range(12)]
    draws = [chip.manufacture(clean_network(), parts_of("mismatch", 0.3), name).draw for name in names]
    assert len(set(draws)) == len(names)
    assert one.name(3) == design_of(budget(calibrators=["reestimation"]), seed=0).name(3)


@pytest.mark.parametrize("calibrator", ["ltl_offline", "ltl_online"])
def test_a_chip_that_learns_from_the_targets_of_other_samples_ends_farther_from_the_clean_network(calibrator):
    clean, part, found = clean_network(), split("train", 24), []
    for control in (None, "shuffled"):
        made = chip.manufacture(clean, parts_of("mismatch", 0.3), of_seed_0(0)).network
        chip.program(made, calibrated(trial_of(calibrator, control=control), epochs=6, lr=1e-2).last)
        found.append(distance(made, clean, part))
    assert found[0] < 0.7 * found[1]


def test_reestimation_sees_means_only_so_that_shuffled_targets_are_as_good_as_any():
    one, other = (calibrated(trial_of("reestimation", control=c), epochs=1).last for c in (None, "shuffled"))
    assert all(torch.allclose(value, other[name], atol=1e-6) for name, value in one.items())
    assert not same(one, programmed(clean_network()))


# Chips, evaluated


@pytest.fixture(scope="module")
def evaluated(world, finished) -> list[conditions.Condition]:
    sample = world.train.shown(world.train.x_NX)
    return list(conditions.conditions(clean_network(), sample, [finished.calibrated], [2]))


def treatment_in(columns: dict) -> tuple | None:
    return tuple(columns[name] for name in trials.Treatment._fields) if "calibrator" in columns else None


def test_every_condition_is_evaluated_once_and_in_order(evaluated):
    treated, other = ("ltl_offline", "own", None), ("reestimation", "own", None)
    targets_of = {"level_0": "teacher", "clean_chip": "teacher"}
    treatment_of = {control: ("ltl_offline", targets_of.get(control, "own"), control) for control in CONTROLS}
    expected = [(condition, None, None, None) for condition in ("clean", "int8") * 2]
    for level in (0.2, 0.4):
        expected += [("noisy", level, 0, None), ("noisy", level, 1, None)]
        expected += [("calibrated", level, number, each) for number in (0, 1) for each in (treated, other)]
    expected += [("calibrated", 0, None, treatment_of["level_0"])]
    expected += [("calibrated", 0.4, number, treatment_of[control]) for control in CONTROLS[1:] for number in (0, 1)]
    found = [condition.columns for condition in evaluated]
    assert [(row["condition"], row.get("level"), row.get("chip"), treatment_in(row)) for row in found] == expected
    assert {row["noise"] for row in found[4:]} == {"mismatch"}


def test_every_condition_but_controls_is_evaluated_at_other_steps_too(evaluated):
    assert [condition.steps for condition in evaluated[:4]] == [(T,), (T,), (2,), (2,)]
    for condition in evaluated[4:]:
        assert condition.steps == ((T,) if condition.columns.get("control") else (2, T))


@pytest.mark.parametrize("bias_share", [False, True])
def test_a_chip_at_other_steps_is_a_chip_that_was_made_for_so_many_steps(bias_share, world, finished):
    """If biases are spread over the steps, it is programmed with those for so many steps."""
    clean = clean_network()
    clean.architecture = clean.architecture.model_copy(update={"bias_share": bias_share})
    x_BCHW = torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    found = conditions.conditions(clean, world.train.shown(world.train.x_NX), [finished.calibrated], [2, 7])
    seen = []
    for condition in found:
        if condition.columns["condition"] != "noisy":
            continue
        net, number = condition.net(), condition.columns["chip"]
        at_steps = dict(zip(condition.steps, net.predict_at(x_BCHW, condition.steps), strict=True))
        for steps in {2, 7} & at_steps.keys():
            noise = parts_of("mismatch", condition.columns["level"])
            made = chip.manufacture(network.at_steps(clean, steps), noise, of_seed_0(number)).network
            torch.testing.assert_close(at_steps[steps], made.predict(x_BCHW))
            seen.append((condition.columns["level"], number, steps))
    assert sorted(seen) == [(level, number, steps) for level in (0.2, 0.4) for number in (0, 1) for steps in (2, 7)]


def test_a_chip_is_named_by_what_was_drawn_for_it_the_same_at_every_level_and_in_every_treatment(evaluated):
    drawn_for = {}
    for columns in (condition.columns for condition in evaluated[4:]):
        drawn_for.setdefault(columns["chip"], set()).add(columns["draw"])
    assert drawn_for.keys() == {0, 1, None}
    assert {len(draws) for draws in drawn_for.values()} == {1}
    assert len(set.union(*drawn_for.values())) == 3


def test_what_a_calibration_spent_stands_in_every_row_that_it_made(evaluated, finished):
    evaluations = [evaluation for level in (0.2, 0.4) for evaluation in trials.evaluations(finished.design, level)]
    rows = [condition.columns for condition in evaluated if condition.columns["condition"] == "calibrated"]
    for evaluation, row in zip(evaluations, rows, strict=True):
        spent = finished.spent[evaluation.trial.key]
        assert {name: row[f"calibration_{name}"] for name in ("epoch", *hardware.COST)} == spent


def test_an_evaluated_chip_is_the_chip_of_its_number_programmed_with_what_the_trial_found(evaluated, finished):
    x_BCHW = torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    evaluations = iter(
        [evaluation for level in (0.2, 0.4) for evaluation in trials.evaluations(finished.design, level)]
    )
    different = set()
    for condition in evaluated[4:]:
        columns, net = condition.columns, copy.deepcopy(condition.net())
        last = copy.deepcopy(condition.last()) if condition.last else None
        evaluation = next(evaluations) if columns["condition"] == "calibrated" else None
        parts = parts_of("mismatch", columns["level"]) if columns["level"] else []
        made = chip.manufacture(clean_network(), parts, of_seed_0(columns["chip"])).network
        if evaluation:
            chip.program(made, values(finished, evaluation.trial.key))
        assert torch.equal(net.predict(x_BCHW), made.predict(x_BCHW))
        different.add(net.predict(x_BCHW).detach().numpy().tobytes())
        kept = values(finished, evaluation.trial.key, "last") if evaluation else {}
        assert (last is not None) == bool(kept)
        if kept:
            chip.program(made, kept)
            assert torch.equal(last.predict(x_BCHW), made.predict(x_BCHW))
    assert len(different) > len(evaluated) // 2


def test_level_0_is_the_clean_network_after_more_training(evaluated, finished):
    (condition,) = [condition for condition in evaluated if condition.columns.get("control") == "level_0"]
    net = condition.net()
    assert all(layer.silicon == IDEAL and not parametrize.is_parametrized(layer.op) for layer in net.layers)
    assert same(
        programmed(net), values(finished, trial_of(targets="teacher", control="clean_chip", level=0, number=None).key)
    )


def test_on_the_clean_network_its_own_targets_teach_nothing_so_that_controls_on_it_have_those_of_the_teacher():
    clean = programmed(clean_network())
    for targets, still in (("own", True), ("teacher", False)):
        course = calibrated(trial_of("ltl_offline", targets, "clean_chip", level=0, number=None), epochs=2, lr=1e-2)
        moved = max(float((value - clean[name]).abs().max()) for name, value in course.last.items())
        assert (course.history[-1]["loss"] == pytest.approx(course.history[1]["loss"])) >= still
        assert (moved > 1e-3) != still


@pytest.mark.parametrize("calibrator", CALIBRATORS)
@pytest.mark.parametrize("noise", ["mismatch_thresholds", "mismatch_released", "quantisation", "dead_neurons", "stuck"])
def test_a_chip_programmed_with_what_calibration_found_is_the_calibrated_chip_to_the_bit(
    calibrator, noise, monkeypatch
):
    made, manufacture = [], chip.manufacture

    def watched_manufacture(*arguments):
        made.append(manufacture(*arguments))
        return made[-1]

    monkeypatch.setattr(chip, "manufacture", watched_manufacture)
    level = params.load("noise", noise).levels[0]
    course = calibrated(trial_of(calibrator, level=level), noise, lr=2e-2)
    fresh = chip.manufacture(clean_network(), parts_of(noise, level), of_seed_0(0)).network
    x_BCHW = torch.randn(10, *SHAPE, generator=seeds.generator("images"))
    assert not torch.equal(fresh.predict(x_BCHW), made[0].network.predict(x_BCHW))
    chip.program(fresh, course.last)
    assert torch.equal(fresh.predict(x_BCHW), made[0].network.predict(x_BCHW))


@pytest.mark.parametrize("noise", ["mismatch", "mismatch_released", "silencing", "analog_chip"])
def test_what_is_not_evaluated_again_is_what_a_new_chip_gives_to_the_bit(noise, world, tmp_path):
    """Rows of chips that calibration leaves as they are, and values on validation data, are found elsewhere."""
    level = params.load("noise", noise).levels[0]
    done = world.done(f"known {noise}", noise=noise, levels=(level,), controls=CONTROLS, lr=3e-3)
    found = list(conditions.conditions(clean_network(), world.train.shown(world.train.x_NX), [done.calibrated], []))
    assert len({condition.key for condition in found}) < len(found)
    noisy = [condition for condition in found if condition.columns["condition"] == "noisy"]
    assert {condition.value_val is not None for condition in noisy} == {noise == "mismatch"}
    evaluate.run(world.subject(), [done.calibrated], [], torch.device("cpu"), tmp_path)
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    for condition, row in zip(found, rows, strict=True):
        if "level" not in condition.columns:
            continue
        parts = parts_of(noise, condition.columns["level"]) if condition.columns["level"] else []
        made = chip.manufacture(clean_network(), parts, of_seed_0(condition.columns["chip"])).network
        chip.program(made, programmed(condition.net()))
        assert float(row["value_val"]) == evaluate.score(made.predict, world.validation).value
        tested, operations = evaluate.measure(made, world.test)
        assert float(row["value_test"]) == tested.value
        assert float(row["acs"]) == evaluate.total(operations).acs
        assert float(row["spikes"]) == evaluate.total(operations).spikes


def test_a_chip_with_other_values_is_measured_again(evaluated):
    chips = [condition for condition in evaluated if condition.columns.get("chip") == 0]
    for one, other in itertools.combinations(chips, 2):
        alike = same(programmed(copy.deepcopy(one.net())), programmed(other.net()))
        level = one.columns["level"] == other.columns["level"]
        assert (one.key == other.key) == (alike and level)


def test_rows_of_calibrated_chips_hold_the_test_value_after_the_last_epoch_and_no_others_do(world, finished, tmp_path):
    observer = Recorder()
    counts = evaluate.run(world.subject(), [finished.calibrated], [2], torch.device("cpu"), tmp_path, observer)
    assert observer.told == [("progress", (counts["rows"], "row", 0)), *[("step", "")] * counts["rows"]]
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert counts == {"rows": len(rows)}
    kept = outcomes.read(tmp_path / "outcomes.safetensors", len(rows), "").values(range(len(rows)))
    assert kept.mean(1) == pytest.approx([float(row["value_test"]) for row in rows])
    for row in rows:
        own, on_chip = row["steps_eval"] == str(T), row["noise"] != ""
        assert (row["value_test_last"] != "") == (own and row["condition"] == "calibrated")
        assert (row["value_val"] != "") == (own or not on_chip)
    rows = [row for row in rows if row["steps_eval"] == str(T)]
    evaluations = iter(
        [evaluation for level in (0.2, 0.4) for evaluation in trials.evaluations(finished.design, level)]
    )
    x_NCHW, y_N = world.test.shown(world.test.x_NX), world.test.y_N
    for row in rows:
        if row["condition"] != "calibrated":
            continue
        key = next(evaluations).trial.key
        level, number = float(row["level"]), int(row["chip"] or 0)
        made = chip.manufacture(
            clean_network(), parts_of("mismatch", level) if level else [], of_seed_0(number)
        ).network
        for column, which in (("value_test", "chosen"), ("value_test_last", "last")):
            chip.program(made, values(finished, key, which) or values(finished, key))
            assert float(row[column]) == pytest.approx(float((made.predict(x_NCHW).argmax(1) == y_N).double().mean()))
    assert any(row["value_test"] != row["value_test_last"] for row in rows if row["condition"] == "calibrated")


# Refused


@pytest.mark.parametrize(
    ("changes", "key", "facts"),
    [
        ({"levels": [0.4, 0.2]}, "hardware.0", ["levels"]),
        ({"levels": [0.2, 0.2]}, "hardware.0", ["levels"]),
        ({"levels": [-0.1, 0.2]}, "hardware.0.levels.0", []),
        ({"levels": [0, 0.2]}, "hardware.0.levels.0", []),
        ({"controls": {"level": 0.3, "kinds": ["shuffled"]}}, "hardware.0.controls.level", [0.3]),
        ({"controls": {"level": 0, "kinds": ["shuffled"]}}, "hardware.0.controls.level", []),
        ({"controls": {"level": 0.2, "kinds": ["other_chip"]}}, "hardware.0", ["other_chip"]),
        ({"controls": {"level": 0.2, "kinds": ["shuffled"] * 2}}, "hardware.0", ["controls.kinds"]),
        ({"controls": {"level": 0.2, "kinds": ["shufled"]}}, "hardware.0.controls.kinds.0", ["shuffled"]),
        ({"controls": {"level": 0.2, "kinds": []}}, "hardware.0.controls.kinds", []),
        ({"chips": 0}, "hardware.0.chips", []),
        (
            {"calibration": {"calibrators": ["bppt"]}},
            "hardware.0.calibration.calibrators",
            ["snn/hardware/calibrators/bppt", "'bptt'"],
        ),
        ({"calibration": {"calibrators": ["bptt"] * 2}}, "hardware.0.calibration", ["calibrators"]),
        ({"calibration": {"calibrators": []}}, "hardware.0.calibration.calibrators", []),
        ({"calibration": {"targets": ["own"] * 2}}, "hardware.0.calibration", ["targets"]),
        ({"calibration": {"samples": 0}}, "hardware.0.calibration.samples", []),
        ({"calibration": {"samples": 1000}}, "hardware.0.calibration.samples", [1000, 900]),
        ({"calibration": {"warm_up": -1}}, "hardware.0.calibration.warm_up", []),
        ({"noise": "quantisation", "levels": [0, 4]}, "hardware.0.levels.0", []),
        ({"noise": "quantisation", "levels": [1, 4]}, "hardware.0.levels", ["1 ", "quantisation"]),
        ({"noise": "quantisation", "levels": [2.5]}, "hardware.0.levels", [2.5, "quantisation"]),
        ({"noise": "silencing", "levels": [0.5, 1.5]}, "hardware.0.levels", [1.5, "silencing"]),
    ],
    ids=str,
)
def test_hardware_that_makes_no_sense_is_refused_by_file_and_key(changes, key, facts, monkeypatch):
    path, original = params.path_of("experiments", "smoke"), params.load
    document = params.read_yaml(path)
    (own,) = document["hardware"]
    calibration = {**own["calibration"], **changes.get("calibration", {})}
    document |= {"hardware": [{**own, **changes, "calibration": calibration}], "train_limit": 900}
    monkeypatch.setattr(
        params,
        "load",
        lambda kind, name: params.parse(kind, document, path) if kind == "experiments" else original(kind, name),
    )
    with refused(f"params/experiments/smoke.yaml: {key}", *facts):
        Plan("smoke")


def test_errors_do_not_go_back_through_neunorm_on_a_chip(monkeypatch):
    path, original = params.path_of("experiments", "smoke"), params.load
    document = params.read_yaml(path) | {"methods": ["stbp_neunorm"], "overrides": {}}
    document["hardware"][0]["calibration"]["calibrators"] = ["ltl_offline", "bptt"]
    monkeypatch.setattr(
        params,
        "load",
        lambda kind, name: params.parse(kind, document, path) if kind == "experiments" else original(kind, name),
    )
    with refused("params/experiments/smoke.yaml: hardware.0.calibration.calibrators", "bptt", "stbp_neunorm"):
        Plan("smoke")


def test_the_same_noise_twice_is_refused():
    document = params.read_yaml(params.path_of("experiments", "smoke"))
    with refused("x.yaml: document", "hardware"):
        params.parse("experiments", {**document, "hardware": document["hardware"] * 2}, Path("x.yaml"))
